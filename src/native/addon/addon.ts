import { TboxError } from "#support/errors.ts";
import type { ContextListing, ContextRule } from "./context.ts";
import { builtFile } from "./files.ts";

/**
 * The functions of the addon. Their errors carry the name of the errno as `code`. The caller owns returned descriptors;
 * descriptors in arguments are duplicated and still belong to the caller.
 */
export interface Addon {
  Reactor: new (
    listener: (token: number, kind: EventKind, text: string, descriptor: number | null | undefined) => void,
  ) => Reactor;
  /**
   * Returns two connected stream sockets; only the first is non-blocking. About `buffer` bytes fit between the second and
   * the first.
   */
  streamPair(buffer: number): [number, number];
  /**
   * Returns the Unix sockets of this process whose other end has not read everything, each followed by the memory of the
   * unread data.
   */
  unreadStreams(): number[];
  /** Opens a directory that only `user` can enter; creates it if it is missing. Throws EPERM for any other directory. */
  openPrivateDirectory(path: string, user: number): number;
  /** Returns the process that listens on the other end of a Unix socket. Throws EPERM unless it belongs to `user`. */
  checkPeer(socket: number, user: number): number;
  /** Returns a descriptor that holds the lock until it is closed; null when another process has the lock. */
  lockFile(directory: string, name: string): number | null;
  /** Locks a directory like a file. */
  lockDirectory(directory: string): number | null;
  /**
   * Compiles a seccomp profile for a container with these capabilities; null means no filter. Throws EINVAL with a text
   * that names the line or the field.
   */
  compileSeccomp(profile: string, capabilities: string[]): { program: Uint8Array; flags: number } | null;
  /** Creates the directory of a container, with `files`, an alternating list of names and texts. */
  createContainerDirectory(path: string, files: string[]): void;
  /** Renames the directory of an ended container and writes `files`, an alternating list of names and texts. */
  renewContainerDirectory(from: string, to: string, files: string[]): void;
  /** Creates a named pipe that only the user can open. */
  createFifo(path: Buffer): void;
  /** Sends a datagram to a Unix socket; throws EAGAIN while the receiver's queue is full. */
  sendDatagram(path: string, bytes: Buffer): void;
  /** Switches whether a terminal turns a line feed into carriage return and line feed. */
  setOutputProcessing(terminal: number, on: boolean): void;
  /** Returns the start time of a process in clock ticks since boot; null when it does not exist. */
  processStartTime(pid: number): number | null;
  /** Releases the memory of the program's code. The kernel loads the code again when it is executed. */
  releaseCode(): void;
  /** Returns CLOCK_MONOTONIC in nanoseconds; the runtime's clocks have another origin. */
  monotonic(): number;
  /** Returns CLOCK_REALTIME as seconds and nanoseconds. */
  wallClock(): [number, number];
  /** Lists a tree; rejects with a text that names the file that cannot be read. */
  scanContext(
    root: number,
    owned: boolean,
    rules: ContextRule[],
    earlier: ContextListing | null,
  ): Promise<ContextListing>;
  cgroupOfProcess(proc: string, process: number): string | null;
  isCgroupDelegated(directory: string): boolean;
  /** Creates a child with `settings`, an alternating list of files and texts; returns its descriptor. */
  prepareCgroup(parent: string, child: string, settings: string[]): number;
  cgroupChildren(directory: string): string[];
  createCgroup(parent: string, child: string): void;
  removeCgroup(parent: string, child: string): void;
  openCgroup(parent: string, child: string): number;
  readCgroupFile(directory: string, file: string): string;
  writeCgroupFile(directory: string, file: string, text: string): void;
}

export type EventKind = "message" | "closed" | "exited";

/** An event loop in its own thread that watches channels and processes, identified by tokens. */
interface Reactor {
  pair(): { token: number; peer: number };
  connect(directory: string, name: string): number;
  send(token: number, text: string, descriptors: number[]): void;
  watchProcess(pid: number, startTime: number | null): number;
  isRunning(token: number): boolean;
  signal(token: number, number: number): void;
  close(token: number): void;
  hold(): void;
  release(): void;
}

let loaded: Addon | undefined;

export function addon(): Addon {
  loaded ??= load();
  return loaded;
}

function load(): Addon {
  const path = builtFile("tbox.node");
  const module: { exports: unknown } = { exports: {} };
  try {
    process.dlopen(module, path);
  } catch (cause) {
    throw new TboxError("unavailable", `cannot load ${path}: run npm run build`, { cause });
  }
  if (!isAddon(module.exports)) {
    throw new TboxError("unavailable", `cannot load ${path}: it is from another version: run npm run build`);
  }
  return module.exports;
}

function isAddon(value: unknown): value is Addon {
  return typeof value === "object" && value !== null && functions.every((name) => Reflect.has(value, name));
}

const functions: (keyof Addon)[] = [
  "Reactor",
  "streamPair",
  "unreadStreams",
  "openPrivateDirectory",
  "checkPeer",
  "lockFile",
  "lockDirectory",
  "renewContainerDirectory",
  "createFifo",
  "sendDatagram",
  "compileSeccomp",
  "setOutputProcessing",
  "processStartTime",
  "releaseCode",
  "monotonic",
  "wallClock",
  "scanContext",
  "cgroupOfProcess",
  "isCgroupDelegated",
  "prepareCgroup",
  "cgroupChildren",
  "createCgroup",
  "removeCgroup",
  "openCgroup",
  "readCgroupFile",
  "writeCgroupFile",
];
