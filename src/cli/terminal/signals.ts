import { printError } from "../output/output.ts";

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

type Signal = (typeof forwarded)[number];

export interface SignalProxy extends Disposable {
  /** From here on signals are for the container, and kept until it runs. Before, they end this program. */
  hold(): void;
  /** From here on signals are sent, those that were kept first. */
  open(): void;
}

export interface SignalProxyOptions {
  /** Takes a signal's name without `SIG`. */
  send(signal: string): void;
  tty: boolean;
  /** For the hint after a second Ctrl-C. */
  container(): string;
}

/** Gives signals to the program in the container instead of obeying them, from `hold` until disposed. */
export function proxySignals(options: SignalProxyOptions): SignalProxy {
  const held: Signal[] = [];
  let stage: "idle" | "holding" | "open" = "idle";
  let interrupts = 0;
  const receive = (signal: Signal) => {
    if (stage === "idle") return obey(signal);
    if (stage === "holding") return void held.push(signal);
    options.send(signal.slice(3));
    if (signal !== "SIGINT" || options.tty) return;
    interrupts++;
    if (interrupts === 2) printError(`still running; to end it at once: tbox kill ${options.container()}`);
  };
  const listeners = forwarded.map((signal) => {
    const listener = () => receive(signal);
    process.on(signal, listener);
    return { signal, listener };
  });
  const obey = (signal: Signal) => {
    for (const { signal, listener } of listeners) process.off(signal, listener);
    process.kill(process.pid, signal);
  };
  return {
    hold() {
      stage = "holding";
    },
    open() {
      stage = "open";
      for (const signal of held.splice(0)) receive(signal);
    },
    // The listeners stay: to take them away costs time at every end, and nothing but a signal needs it.
    [Symbol.dispose]() {
      stage = "idle";
    },
  };
}
