import { needOwnProcess } from "#client/caller/remote-caller.ts";
import { createDetachFilter, defaultDetachKeys, parseDetachKeys } from "#support/detach-keys.ts";
import { ExitError } from "../output/exit.ts";
import { failureMessage } from "../output/failure.ts";
import { printError } from "../output/output.ts";
import { copyInput, type InputTarget } from "./input.ts";
import { proxySignals } from "./signals.ts";

/** The container's side of a session. */
export interface SessionTarget extends InputTarget {
  resize(size: { columns: number; rows: number }): void;
  /** Sends a signal, named without `SIG`, to the container's program. */
  signal(name: string): void;
  /** Closes the connection; the container continues. */
  close(): void;
}

/** Options of a session. */
export interface SessionOptions {
  /** Whether standard input is sent. */
  stdin: boolean;
  tty: boolean;
  detachKeys: string | undefined;
  /** Settings for forwarding signals; `container` returns the name for hints. Absent if signals end this program. */
  signals?: { container(): string } | undefined;
}

/**
 * An interactive session: this program's standard input, terminal and signals, connected to a container. Disposing it
 * restores the terminal.
 */
export interface Session extends Disposable {
  /** Holds back signals until `forwardSignals` is called. Before `holdSignals`, signals end this program. */
  holdSignals(): void;
  /** Forwards signals to the container, the held back signals first. */
  forwardSignals(): void;
  /** Connects input and terminal. The container's program must be running. */
  begin(): Promise<void>;
  /** Whether the user typed the detach keys. */
  readonly detached: boolean;
}

/** Opens a session. `begin` connects the streams; `forwardSignals` starts forwarding signals. */
export function openSession(target: SessionTarget, options: SessionOptions): Session {
  const stack = new DisposableStack();
  const { tty, stdin, signals } = options;
  const proxy =
    signals &&
    stack.use(proxySignals({ send: (name) => target.signal(name), tty, container: signals.container }));
  let detached = false;
  return {
    holdSignals: () => proxy?.hold(),
    forwardSignals: () => proxy?.open(),
    async begin() {
      if (tty) stack.use(await connectTerminal(target, stdin));
      if (stdin) {
        sendInput(target, options, () => {
          detached = true;
          target.close();
        });
      }
    },
    get detached() {
      return detached;
    },
    [Symbol.dispose]: () => stack.dispose(),
  };
}

/** Ends a session that the user left; returns the exit status. */
export function endDetached(session: Session): number {
  session[Symbol.dispose]();
  printError("\nread escape sequence", "bare");
  return 0;
}

/** Sets raw mode and reports the terminal's size, now and after each change. */
async function connectTerminal(target: SessionTarget, stdin: boolean): Promise<Disposable> {
  const stack = new DisposableStack();
  const { enterRawMode, isTerminal, onResize, terminalSize } = await import("./terminal.ts");
  if (stdin && isTerminal(0)) stack.use(enterRawMode());
  stack.use(onResize((size) => target.resize(size)));
  // The size can have changed since the container was created with it.
  const size = terminalSize();
  if (size) target.resize(size);
  return stack;
}

function sendInput(target: SessionTarget, options: SessionOptions, detach: () => void): void {
  const keys = parseDetachKeys(options.detachKeys || defaultDetachKeys);
  copyInput(target, options.tty ? createDetachFilter(keys) : undefined).then(
    (outcome) => {
      if (outcome === "detached") detach();
    },
    // Only the input of the container's program ends; the session continues for the output and the exit status.
    (error) => {
      printError(`cannot read standard input: ${failureMessage(error)}`);
      target.endInput();
    },
  );
}

/** Throws before a container or an exec is created if a session needs a terminal and there is none. */
export async function checkTerminal(options: { stdin: boolean; tty: boolean }): Promise<void> {
  // Raw mode belongs to the process that has the terminal.
  if (options.tty) needOwnProcess();
  if (!options.stdin || !options.tty) return;
  const { isTerminal } = await import("./terminal.ts");
  if (!isTerminal(0)) throw new ExitError("the input device is not a TTY", 1);
}

/** Throws for invalid detach keys before a container or an exec is created. An empty text means the default keys. */
export function checkDetachKeys(text: string | undefined): void {
  try {
    if (text) parseDetachKeys(text);
  } catch (error) {
    throw new ExitError(`invalid detach keys (${text}): ${failureMessage(error)}`, 125);
  }
}
