import { remoteCaller } from "#client/caller/remote-caller.ts";
import { brokenPipeExitCode, ExitError } from "./exit.ts";
import { forStream } from "./visible.ts";

/**
 * Prints a line to standard error, after the program's name or bare. Returns when the line is written. A terminal gets
 * control characters in visible form.
 */
export function printError(message: string, style: "named" | "bare" = "named"): void {
  const text = forStream(style === "named" ? `tbox: ${message}` : message, "stderr");
  const caller = remoteCaller();
  if (caller !== undefined) return void caller.write("message", encode(`${text}\n`)).catch(() => {});
  // biome-ignore lint/suspicious/noConsole: writes synchronously and needs no module; `node:fs` takes 2 ms to load
  console.error(text);
}

/** Prints a warning to standard error. */
export function printWarning(message: string): void {
  printError(`WARNING: ${message}`, "bare");
}

/**
 * Prints to standard output; a terminal gets control characters in visible form. Ends the command without a message if
 * the reader has closed its end.
 */
export async function print(given: string): Promise<void> {
  if (given === "") return;
  const text = forStream(given, "stdout");
  const caller = remoteCaller();
  if (caller !== undefined) return caller.write("print", encode(text));
  try {
    await Bun.write(Bun.stdout, text);
  } catch (error) {
    throw isBrokenPipe(error) ? new ExitError("", brokenPipeExitCode) : error;
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Returns whether a write failed because the reader closed its end. */
export function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}
