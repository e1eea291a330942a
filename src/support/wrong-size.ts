/** A size for `system df` that was cached and differs from the measured one. */
export interface WrongSize {
  kind: "container" | "layer";
  /** ID of the container, or digest of the layer. */
  id: string;
  /** Cached bytes. */
  cached: number;
  /** Measured bytes, which replace the cached ones. */
  measured: number;
}
