/** A POST with `Upgrade: tcp`. */
export interface UpgradeRequest {
  /** Path and query. */
  target: string;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
}
