import { printError } from "../output.ts";

// Neither those of job control, which stop and continue this program as any other, nor those the runtime
// needs (PIPE, CHLD, URG, PWR).
const forwarded = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGVTALRM",
  "SIGPROF",
  "SIGIO",
  "SIGXCPU",
  "SIGXFSZ",
] as const;

export interface SignalProxy extends Disposable {
  /** Sends what was held back; before it, nothing is sent. */
  open(): void;
}

export interface SignalProxyOptions {
  /** Takes a signal's name without `SIG`. */
  send(signal: string): void;
  tty: boolean;
  /** For the hint after a second Ctrl-C. */
  container: string;
}

/** Gives signals to the program in the container instead of obeying them, until disposed. */
export function proxySignals(options: SignalProxyOptions): SignalProxy {
  const held: string[] = [];
  let isOpen = false;
  let interrupts = 0;
  const receive = (signal: string) => {
    if (!isOpen) return void held.push(signal);
    options.send(signal);
    if (signal !== "INT" || options.tty) return;
    interrupts++;
    if (interrupts === 2) printError(`still running; to end it at once: tbox kill ${options.container}`);
  };
  const listeners = forwarded.map((signal) => {
    const listener = () => receive(signal.slice(3));
    process.on(signal, listener);
    return { signal, listener };
  });
  return {
    open() {
      isOpen = true;
      for (const signal of held.splice(0)) receive(signal);
    },
    [Symbol.dispose]() {
      for (const { signal, listener } of listeners) process.off(signal, listener);
    },
  };
}
