/** Kinds of errors that callers distinguish; the daemon maps each to one HTTP status. */
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
 * An error raised by tbox. The message is lower case without a full stop, and names the action and the object.
 * `errorChain` joins the messages of an error and its causes.
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
  const error = new TboxError("invalid-argument", message, cause === undefined ? {} : { cause });
  // The log shows the top of the stack, which should be the caller.
  Error.captureStackTrace(error, invalidArgument);
  return error;
}

/** Does work; puts a text in front of the message of its error. */
export async function explained<T>(text: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TboxError)) throw error;
    throw new TboxError(error.code, text, { cause: error });
  }
}

/** Joins the messages of an error and its causes with `: `, outermost first. */
export function errorChain(error: unknown): string {
  const messages: string[] = [];
  for (let current = firstError(error); current !== undefined && current !== null; ) {
    messages.push(current instanceof Error ? current.message : String(current));
    current = current instanceof Error ? firstError(current.cause) : undefined;
  }
  return messages.join(": ");
}

/** Returns the code of an error; `internal` for any error that is not a `TboxError`. */
export function errorCode(error: unknown): ErrorCode {
  const first = firstError(error);
  return first instanceof TboxError ? first.code : "internal";
}

/** Returns the error that a block threw when closing its resources failed too: `await using` wraps both, without a message. */
export function firstError(error: unknown): unknown {
  let first = error;
  while (first instanceof SuppressedError) first = first.suppressed;
  return first;
}
