import { isatty, ReadStream, WriteStream } from "node:tty";
import { setOutputProcessing } from "#client/output-processing.ts";

// `node:tty` takes 3 ms to load: import this module dynamically, only where a terminal may be in use.

/** Size of a terminal in characters. */
export interface Size {
  columns: number;
  rows: number;
}

/** Returns whether a standard stream is a terminal. */
export function isTerminal(descriptor: 0 | 1 | 2): boolean {
  return isatty(descriptor);
}

/** Returns the size of the terminal on standard output or standard error; undefined without a terminal. */
export function terminalSize(): Size | undefined {
  for (const descriptor of [1, 2]) {
    if (!isatty(descriptor)) continue;
    const [columns, rows] = new WriteStream(descriptor).getWindowSize();
    return { columns, rows };
  }
  return undefined;
}

/**
 * Sets standard input to raw mode until disposed, or until a signal without another listener ends this program. Sets
 * raw mode again after SIGCONT, because the shell resets the terminal of a stopped program.
 */
export function enterRawMode(): Disposable {
  const input = new ReadStream(0);
  const set = () => {
    input.setRawMode(true);
    setOutputProcessing(false);
  };
  const restore = () => {
    for (const signal of fatal) process.off(signal, die);
    process.off("SIGCONT", set);
    setOutputProcessing(true);
    input.setRawMode(false);
  };
  const die = (signal: NodeJS.Signals) => {
    if (process.listenerCount(signal) > 1) return;
    restore();
    process.kill(process.pid, signal);
  };
  set();
  process.on("SIGCONT", set);
  for (const signal of fatal) process.on(signal, die);
  return { [Symbol.dispose]: restore };
}

const fatal = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"] as const;

/** Calls back with the new size after every change, until disposed. */
export function onResize(callback: (size: Size) => void): Disposable {
  const listener = () => {
    const size = terminalSize();
    if (size) callback(size);
  };
  process.on("SIGWINCH", listener);
  process.on("SIGCONT", listener);
  return {
    [Symbol.dispose]() {
      process.off("SIGWINCH", listener);
      process.off("SIGCONT", listener);
    },
  };
}
