import { failureMessage } from "../output/failure.ts";
import { print, printError } from "../output/output.ts";

/**
 * Runs the action for all names at once and prints the results in the order of the names. Returns the exit status: 1 if
 * an action failed.
 */
export async function forEachName(
  names: string[],
  action: (name: string) => Promise<string>,
): Promise<number> {
  const outcomes = names.map((name) =>
    action(name).then(
      (text) => ({ text }),
      (error: unknown) => ({ error }),
    ),
  );
  let code = 0;
  for await (const outcome of outcomes) {
    if ("text" in outcome) await print(outcome.text);
    else {
      printError(failureMessage(outcome.error));
      code = 1;
    }
  }
  return code;
}
