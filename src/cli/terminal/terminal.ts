import { isatty, ReadStream, WriteStream } from "node:tty";

// `node:tty` costs three milliseconds to load: import this module only where a terminal is in question.

export interface Size {
  columns: number;
  rows: number;
}

export function isTerminal(descriptor: 0 | 1 | 2): boolean {
  return isatty(descriptor);
}

/** The size of the terminal that output goes to; absent when it goes elsewhere. */
export function terminalSize(): Size | undefined {
  for (const descriptor of [1, 2]) {
    if (!isatty(descriptor)) continue;
    const [columns, rows] = new WriteStream(descriptor).getWindowSize();
    return { columns, rows };
  }
  return undefined;
}

/**
 * Hands every key of standard input on unchanged until disposed, or until a signal that nobody else listens
 * to ends this program. A program that was stopped and continued finds the terminal as its shell left it, so
 * the mode is set again then.
 */
export function enterRawMode(): Disposable {
  const input = new ReadStream(0);
  const set = () => void input.setRawMode(true);
  const restore = () => {
    for (const signal of fatal) process.off(signal, die);
    process.off("SIGCONT", set);
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

/** Calls back with the new size at every change. */
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
