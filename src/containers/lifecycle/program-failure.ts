import { FailureError } from "#native/addon/failure.ts";

const codes: Record<string, 126 | 127> = { "command-not-found": 127, "command-not-executable": 126 };

/** Exit code of a program that could not be executed, as of a shell; nothing when that is not what failed. */
export function programFailureCode(error: unknown): 126 | 127 | undefined {
  return error instanceof FailureError ? codes[error.failure.kind] : undefined;
}
