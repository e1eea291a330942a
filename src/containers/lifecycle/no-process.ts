import { FailureError } from "#native/addon/failure.ts";

const noSuchProcess = 3;

/** Returns whether the helper could not enter a container because its PID 1 has ended. */
export function foundNoProcess(error: unknown): boolean {
  if (!(error instanceof FailureError)) return false;
  const { step, kind, errno } = error.failure;
  return step === "container" && (kind === "not-running" || errno === noSuchProcess);
}
