import { createDetachFilter, defaultDetachKeys, parseDetachKeys } from "#support/detach-keys.ts";
import { brokenPipeExitCode, ExitError } from "../output/exit.ts";
import { failureMessage } from "../output/failure.ts";
import { type ByteSink, isBrokenPipe, openByteSink, printError } from "../output/output.ts";
import { copyInput, type InputTarget } from "./input.ts";

/** The container's end of a session. */
export interface SessionTarget extends InputTarget {
  resize(size: { columns: number; rows: number }): void;
  /** Leaves the container; it goes on. */
  detach(): void;
}

export interface SessionOptions {
  stdin: boolean;
  tty: boolean;
  detachKeys: string | undefined;
}

export type OutputWriter = (stream: "stdout" | "stderr", bytes: Uint8Array) => Promise<void>;

/** Refuses what cannot work before anything is created. Loads the terminal's module only for a terminal. */
export async function checkTerminal(options: { stdin: boolean; tty: boolean }): Promise<void> {
  if (!options.stdin || !options.tty) return;
  const { isTerminal } = await import("./terminal.ts");
  if (!isTerminal(0)) throw new ExitError("the input device is not a TTY", 1);
}

export function checkDetachKeys(text: string | undefined): void {
  try {
    if (text !== undefined) parseDetachKeys(text);
  } catch (error) {
    throw new ExitError(`invalid detach keys (${text}): ${failureMessage(error)}`, 125);
  }
}

/**
 * Connects this program's input and terminal to a container that has started, until disposed. Calls
 * `target.detach` when the keys to leave were typed.
 */
export async function openSession(target: SessionTarget, options: SessionOptions): Promise<Disposable> {
  const stack = new DisposableStack();
  if (options.tty) {
    const { enterRawMode, isTerminal, onResize, terminalSize } = await import("./terminal.ts");
    if (options.stdin && isTerminal(0)) stack.use(enterRawMode());
    stack.use(onResize((size) => target.resize(size)));
    // It may have changed since the container was created with a size.
    const size = terminalSize();
    if (size) target.resize(size);
  }
  if (options.stdin) {
    const keys = parseDetachKeys(options.detachKeys ?? defaultDetachKeys);
    copyInput(target, options.tty ? createDetachFilter(keys) : undefined).then(
      (outcome) => outcome === "detached" && target.detach(),
      // The program gets the end of its input; its output and exit code still count.
      (error) => {
        printError(`cannot read standard input: ${failureMessage(error)}`);
        target.end();
      },
    );
  }
  return stack;
}

/** Writes to this program's own streams. A standard output without a reader ends the program quietly. */
export function openOutput(): OutputWriter {
  const sinks: { stdout?: ByteSink; stderr?: ByteSink } = {};
  return async (stream, bytes) => {
    sinks[stream] ??= openByteSink(stream);
    try {
      await sinks[stream].write(bytes);
    } catch (error) {
      if (isBrokenPipe(error)) throw new ExitError("", brokenPipeExitCode);
      throw new ExitError(`cannot write to ${stream}: ${failureMessage(error)}`, 125, { cause: error });
    }
  };
}
