import { errorChain } from "#support/errors.ts";
import { programFailureCode } from "../lifecycle/program-failure.ts";

/** Returns Docker's message for a program that could not be executed; nothing for any other failure. */
export function execFailureMessage(error: unknown): string | undefined {
  if (programFailureCode(error) === undefined) return undefined;
  const reason = errorChain(error);
  return `OCI runtime exec failed: exec failed: unable to start container process: ${reason}: unknown`;
}
