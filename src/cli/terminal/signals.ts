import { remoteCaller } from "#client/caller/remote-caller.ts";
import { printError } from "../output/output.ts";

// Excludes the signals of job control, which stop and continue this program, and those that the runtime needs (PIPE,
// CHLD, URG, PWR).
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

/** Forwarding of signals to a container. */
export interface SignalProxy extends Disposable {
  /** Holds back signals for the container. Before the call, signals end this program. */
  hold(): void;
  /** Sends signals to the container, the held back signals first. */
  open(): void;
}

/** Options of a signal proxy. */
export interface SignalProxyOptions {
  /** Sends a signal, named without `SIG`, to the container. */
  send(signal: string): void;
  tty: boolean;
  /** Returns the container's name for the hint after a second Ctrl-C. */
  container(): string;
}

/** Opens a proxy that sends signals to the container's program instead of obeying them, until disposed of. */
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
  const source = remoteCaller() === undefined ? listen(receive) : listenRemotely(receive);
  const { obey } = source;
  return {
    hold() {
      stage = "holding";
      source.begin();
    },
    open() {
      stage = "open";
      source.begin();
      for (const signal of held.splice(0)) receive(signal);
    },
    // The listeners stay registered, because removing them delays every exit. An idle proxy obeys signals.
    [Symbol.dispose]() {
      stage = "idle";
    },
  };
}

/** Signals of the user's process. */
interface SignalSource {
  /** Catches signals from now on. Idempotent. */
  begin(): void;
  /** Ends the user's process by a signal. */
  obey(signal: Signal): void;
}

/** Catches signals at once: registering the listeners overlaps with the creation of the container. */
function listen(receive: (signal: Signal) => void): SignalSource {
  const listeners = forwarded.map((signal) => {
    const listener = () => receive(signal);
    process.on(signal, listener);
    return { signal, listener };
  });
  return {
    begin() {},
    obey(signal) {
      for (const { signal, listener } of listeners) process.off(signal, listener);
      process.kill(process.pid, signal);
    },
  };
}

function listenRemotely(receive: (signal: Signal) => void): SignalSource {
  const caller = remoteCaller();
  let begun = false;
  return {
    begin() {
      if (begun) return;
      begun = true;
      // The message wakes the user's process, which must not delay the start of the container.
      setImmediate(() =>
        caller?.catchSignals((name) => {
          const signal = forwarded.find((one) => one === name);
          if (signal !== undefined) receive(signal);
        }),
      );
    },
    obey: (signal) => caller?.dieBySignal(signal),
  };
}
