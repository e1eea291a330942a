import { read } from "node:fs";
import { promisify } from "node:util";
import { ExitError } from "../output/exit.ts";
import { print } from "../output/output.ts";
import { enterRawMode, isTerminal } from "./terminal.ts";

const keys = { interrupt: 0x03, endOfInput: 0x04, backspace: 0x08, newline: 0x0a, enter: 0x0d, delete: 0x7f };

const readInput = promisify(read);

/** Asks a question on the terminal and returns the line that the user types. Fails without a terminal. */
export async function prompt(question: string, echo: "shown" | "hidden"): Promise<string> {
  if (!isTerminal(0)) throw new ExitError("cannot perform an interactive login from a non TTY device", 1);
  if (echo === "shown") {
    await print(question);
    return readLine();
  }
  // Raw mode comes first: the terminal would echo keys typed right after the question.
  using _ = enterRawMode();
  await print(question);
  const line = await readLine();
  await print("\r\n");
  return line;
}

/** Reads a line from standard input; in raw mode, applies the keys that edit the line. */
async function readLine(): Promise<string> {
  let typed = Buffer.alloc(0);
  for (;;) {
    // A stream would read ahead and consume the answer to the next question.
    const { bytesRead, buffer } = await readInput(0, Buffer.alloc(1024), 0, 1024, null);
    if (bytesRead === 0) return typed.toString();
    for (const byte of buffer.subarray(0, bytesRead)) {
      if (byte === keys.enter || byte === keys.newline) return typed.toString();
      if (byte === keys.interrupt || byte === keys.endOfInput) throw new ExitError("", 130);
      if (byte === keys.backspace || byte === keys.delete) typed = withoutLast(typed);
      else typed = Buffer.concat([typed, Buffer.from([byte])]);
    }
  }
}

function withoutLast(typed: Buffer): Buffer<ArrayBuffer> {
  return Buffer.from([...typed.toString()].slice(0, -1).join(""));
}
