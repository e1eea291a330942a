import { TboxError } from "#support/errors.ts";

/** Throws not-implemented for the first parameter that is set. */
export function refuseParameters(parameters: Record<string, string | boolean | undefined>): void {
  for (const [name, value] of Object.entries(parameters)) {
    if (value) throw new TboxError("not-implemented", `${name}: not supported`);
  }
}
