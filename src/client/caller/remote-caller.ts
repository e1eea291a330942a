import type { RunRequest } from "#api/streams/run-stream.ts";
import type { Environment } from "#support/directories.ts";
import type { ByteSocket } from "../daemon/byte-socket.ts";
import type { RunStream } from "../streams/run-messages.ts";
import type { UpgradeRequest } from "../streams/upgrade-request.ts";

/**
 * The launcher's process, for which the daemon runs a command. A command uses its user's process only through this
 * interface. Without a remote caller, the user's process is this process.
 */
export interface RemoteCaller {
  environment: Environment;
  directory: string;
  /** Tells whether a standard stream is a terminal. */
  isTerminal(stream: "stdout" | "stderr"): boolean;
  /** Answers a request to the daemon's API, as `fetch` does. `target` is path and query. */
  fetch(target: string, init: RequestInit): Promise<Response>;
  /** Sends an upgrade request; the answer's head and the stream follow on the connection. */
  upgrade(request: UpgradeRequest): ByteSocket;
  /** Opens a run stream. The container's output goes to the caller and is not among the messages. */
  run(request: RunRequest, registryAuth?: string): RunStream;
  /** Writes to a standard stream. Resolves when the connection takes more; throws when the caller has disconnected. */
  write(kind: OutputKind, bytes: Uint8Array): Promise<void>;
  /** Yields standard input to its end. A failed read has the kernel's code (`EBADF`). */
  input(): AsyncIterable<Uint8Array>;
  /** Starts to pass signals on, by name. Before the call, signals end the caller. */
  catchSignals(receive: (signal: string) => void): void;
  /** Ends the caller by a signal. */
  dieBySignal(signal: string): void;
  /** Throws `HandOver`. Must precede output and effects, because the caller's own process repeats the command. */
  handOver(): never;
}

/** Kind of output: a container's, or the command's own (`print` for standard output, `message` for standard error). */
export type OutputKind = "stdout" | "stderr" | "print" | "message";

/** Error of a command that needs the user's own process: for files, credential helpers, or a terminal in raw mode. */
export class HandOver extends Error {
  constructor() {
    super("the command needs the user's own process");
    this.name = "HandOver";
  }
}

let find: () => RemoteCaller | undefined = () => undefined;

/** Sets how the caller of the running command is found. Called once, in the daemon. */
export function findRemoteCallerBy(lookup: () => RemoteCaller | undefined): void {
  find = lookup;
}

/** Returns the caller for whom the daemon runs the current command; undefined in the user's own process. */
export function remoteCaller(): RemoteCaller | undefined {
  return find();
}

/** Makes the user's own process run the command, if this is not it. Must precede output and effects. */
export function needOwnProcess(): void {
  find()?.handOver();
}

/** Returns the environment of the user's process. */
export function userEnvironment(): Environment {
  return find()?.environment ?? process.env;
}

/** Returns the working directory of the user's process. */
export function userDirectory(): string {
  return find()?.directory ?? process.cwd();
}
