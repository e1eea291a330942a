import { type ErrorCode, TboxError } from "#support/errors.ts";
import type { LineRange } from "./statement.ts";

/** An error with its location in the Dockerfile. */
export class DockerfileError extends TboxError {
  readonly lines: LineRange;

  constructor(message: string, lines: LineRange, options: { cause?: unknown; code?: ErrorCode } = {}) {
    super(options.code ?? "invalid-argument", message, options);
    this.name = "DockerfileError";
    this.lines = lines;
  }
}

/** An error in the text of a Dockerfile, found before any step. */
export class DockerfileSyntaxError extends DockerfileError {}

/** Runs work that reads a Dockerfile. Turns its errors into errors in the text. */
export function whileReading<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
    throw new DockerfileSyntaxError(error.message, error.lines, { code: error.code, cause: error.cause });
  }
}

/** Runs work for a range of lines in the Dockerfile; adds the range to an error without one. */
export function atLines<T>(lines: LineRange, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof DockerfileError || !(error instanceof TboxError)) throw error;
    throw new DockerfileError(error.message, lines, { code: error.code, cause: error.cause });
  }
}
