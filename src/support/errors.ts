/** The kinds of failure a caller can tell apart; the daemon maps each to one HTTP status. */
export type ErrorCode =
  | "not-found"
  | "already-exists"
  | "conflict"
  | "invalid-argument"
  | "unauthorized"
  | "forbidden"
  | "unavailable"
  | "not-implemented"
  | "cancelled"
  | "internal";

/**
 * Every failure tbox raises itself. Messages are lower-case, name the action and the object, and have
 * no full stop; `errorChain` joins them with those of their causes.
 */
export class TboxError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "TboxError";
    this.code = code;
  }
}

/** Returns the error for a request that cannot be carried out as written. */
export function invalidArgument(message: string, cause?: unknown): TboxError {
  return new TboxError("invalid-argument", message, cause === undefined ? {} : { cause });
}

/** The messages of an error and its causes, outermost first, joined by `: `. */
export function errorChain(error: unknown): string {
  const messages: string[] = [];
  for (let current = error; current !== undefined && current !== null; ) {
    messages.push(current instanceof Error ? current.message : String(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return messages.join(": ");
}

/** The code of a failure; anything that is not a `TboxError` is internal. */
export function errorCode(error: unknown): ErrorCode {
  return error instanceof TboxError ? error.code : "internal";
}
