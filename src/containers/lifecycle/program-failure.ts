import { FailureError } from "#native/addon/failure.ts";

const codes: Record<string, 126 | 127> = { "command-not-found": 127, "command-not-executable": 126 };

/** Returns the shell's exit status for a program that could not be executed; nothing for any other failure. */
export function programFailureCode(error: unknown): 126 | 127 | undefined {
  return error instanceof FailureError ? codes[error.failure.kind] : undefined;
}
