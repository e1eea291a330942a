import { type ErrorCode, TboxError } from "#support/errors.ts";

/** An error response of the daemon, with its message. */
export class DaemonError extends TboxError {
  readonly status: number;

  constructor(status: number, message: string) {
    super(codeOf(status), message);
    this.name = "DaemonError";
    this.status = status;
  }
}

/** Returns the error in the body of a response. A body that is not Docker's JSON is the message. */
export function daemonError(status: number, body: string): DaemonError {
  return new DaemonError(status, messageIn(body) ?? (body.trim() || `the daemon answered ${status}`));
}

function messageIn(body: string): string | undefined {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== "object" || value === null || !("message" in value)) return undefined;
    return typeof value.message === "string" ? value.message : undefined;
  } catch {
    return undefined;
  }
}

function codeOf(status: number): ErrorCode {
  switch (status) {
    case 400:
      return "invalid-argument";
    case 401:
      return "unauthorized";
    case 403:
      return "forbidden";
    case 404:
      return "not-found";
    case 409:
      return "conflict";
    case 501:
      return "not-implemented";
    case 503:
      return "unavailable";
    default:
      return "internal";
  }
}
