import { splitFields } from "#support/fields.ts";
import { ExitError } from "../../output/exit.ts";
import { failureMessage } from "../../output/failure.ts";

/** Splits the value of a flag into fields; an invalid value ends the command. */
export function fieldsOf(text: string): string[] {
  try {
    return splitFields(text);
  } catch (cause) {
    throw new ExitError(`'${text}': ${failureMessage(cause)}`, 1, { cause });
  }
}
