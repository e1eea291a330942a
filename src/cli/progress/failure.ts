import type { FailureFields } from "#api/answers/progress.ts";
import { ExitError } from "../output/exit.ts";

/** Throws the failure in a line of a progress stream, if there is one. */
export function throwFailure({ errorDetail, error }: FailureFields): void {
  const message = errorDetail?.message || error;
  if (message) throw new ExitError(message, 1);
}
