import { compileFormat } from "../format/listing.ts";
import { withTypedFields } from "../format/typed-fields.ts";
import { failureMessage } from "../output/failure.ts";
import { print, printError } from "../output/output.ts";

/**
 * Prints the objects that `find` returns for the names: as one JSON array, or each with the format. Returns the exit
 * status: 1 if a name failed.
 */
export async function inspectEach(
  names: readonly string[],
  format: string | undefined,
  find: (name: string) => Promise<unknown>,
): Promise<number> {
  const template = format === undefined || format === "json" ? undefined : compileFormat(format);
  const found: unknown[] = [];
  let code = 0;
  for (const name of names) {
    try {
      const object = await find(name);
      if (template === undefined) found.push(object);
      else await print(`${template(withTypedFields(object))}\n`);
    } catch (error) {
      code = 1;
      printError(failureMessage(error));
    }
  }
  if (template === undefined) {
    await print(`${format === "json" ? JSON.stringify(found) : JSON.stringify(found, null, 4)}\n`);
  }
  return code;
}
