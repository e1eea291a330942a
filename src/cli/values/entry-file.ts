import { ExitError } from "../output/exit.ts";
import { failureMessage } from "../output/failure.ts";

/**
 * Reads a file of `NAME=value` lines. Ignores blank lines, lines that start with `#`, and white space before a name.
 * The value is everything after the first `=`, including quotes.
 */
export async function readEntryFile(path: string, kind: "env" | "label"): Promise<string[]> {
  let bytes: Uint8Array;
  try {
    bytes = await Bun.file(path).bytes();
  } catch (error) {
    throw new ExitError(failureMessage(error), 125);
  }
  try {
    return parseEntries(bytes, kind);
  } catch (error) {
    throw new ExitError(`invalid ${kind} file (${path}): ${failureMessage(error)}`, 125);
  }
}

/** Parses the contents of an entry file. */
export function parseEntries(bytes: Uint8Array, kind: "env" | "label"): string[] {
  return decode(bytes)
    .split("\n")
    .map((line) => line.replace(/\r$/, "").trimStart())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const name = line.split("=", 1)[0] ?? "";
      if (name === "") throw new Error(`no variable name on line '${line}'`);
      const checked = kind === "env" ? name : name.trimEnd();
      if (/\s/.test(checked)) throw new Error(`variable '${name}' contains whitespaces`);
      return line;
    });
}

function decode(bytes: Uint8Array): string {
  try {
    // The decoder drops a byte order mark at the start.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error("invalid utf8 bytes");
  }
}
