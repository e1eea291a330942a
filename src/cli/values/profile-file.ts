import { ExitError } from "../output/exit.ts";
import { failureMessage } from "../output/failure.ts";

/** Reads a seccomp profile; returns its JSON without white space. The daemon checks the fields. */
export async function readProfileFile(path: string): Promise<string> {
  let text: string;
  try {
    text = await Bun.file(path).text();
  } catch (error) {
    throw new ExitError(`opening seccomp profile (${path}) failed: ${failureMessage(error)}`, 125);
  }
  try {
    JSON.parse(text);
  } catch (error) {
    throw new ExitError(
      `compacting json for seccomp profile (${path}) failed: ${failureMessage(error)}`,
      125,
    );
  }
  // Serializing the parsed value would round its 64-bit numbers.
  return text.replace(/("(?:\\.|[^"\\])*")|\s+/g, "$1");
}
