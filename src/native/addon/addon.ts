import { TboxError } from "#support/errors.ts";
import { builtFile } from "./files.ts";

/**
 * What the addon offers. Its errors carry the errno's name as `code`. Descriptors it gives belong to the
 * caller; those it takes are copied, and stay the caller's.
 */
export interface Addon {
  Reactor: new (listener: (token: number, kind: EventKind, text: string) => void) => Reactor;
  /** Two connected byte streams; only the first is non-blocking. */
  streamPair(): [number, number];
  /** A descriptor that holds the lock until it is closed; null when somebody else has it. */
  lockFile(directory: string, name: string): number | null;
  /** Clock ticks since boot; null when the process is gone. */
  processStartTime(pid: number): number | null;
  /** CLOCK_MONOTONIC in nanoseconds, which the runtime's own clocks are not. */
  monotonic(): number;
  cgroupOfProcess(proc: string, process: number): string | null;
  isCgroupDelegated(directory: string): boolean;
  /** `settings` are files and texts in turn. */
  prepareCgroup(parent: string, child: string, settings: string[]): number;
  cgroupChildren(directory: string): string[];
  createCgroup(parent: string, child: string): void;
  removeCgroup(parent: string, child: string): void;
  openCgroup(parent: string, child: string): number;
  readCgroupFile(directory: string, file: string): string;
  writeCgroupFile(directory: string, file: string, text: string): void;
}

export type EventKind = "message" | "closed" | "exited";

/** One thread that waits for channels and processes, which are known by token. */
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
    throw new TboxError("unavailable", `cannot load ${path}: build it with npm run build`, { cause });
  }
  if (!isAddon(module.exports)) {
    throw new TboxError("unavailable", `${path} is of another version: build it with npm run build`);
  }
  return module.exports;
}

function isAddon(value: unknown): value is Addon {
  return typeof value === "object" && value !== null && functions.every((name) => Reflect.has(value, name));
}

const functions: (keyof Addon)[] = [
  "Reactor",
  "streamPair",
  "lockFile",
  "processStartTime",
  "monotonic",
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
