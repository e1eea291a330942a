import { chmodSync, closeSync, constants, fstatSync, openSync, type Stats, utimesSync } from "node:fs";
import { textToName } from "./file-name.ts";

/** An open file or directory, which stays the same when its name changes. Disposal closes it. */
export interface PathDescriptor extends Disposable {
  /** Path that leads to it. Names below it are resolved from it. */
  readonly path: string;
  /** Returns its status. */
  status(): Stats;
  setMode(mode: number): void;
  /** Sets the time of its last access and change; numbers are seconds since the epoch. */
  setTime(time: Date | number): void;
}

/**
 * O_PATH of Linux, which `node:fs` does not have: opens without any right to the content, and drops no lock of the process when
 * the descriptor is closed.
 */
export const pathOnly = 0o10000000;

/** Opens a file or directory, following no link in the last component; for a link, the descriptor is the link's. */
export function openPath(path: string | Buffer): PathDescriptor {
  return describe(openSync(path, pathOnly | constants.O_NOFOLLOW));
}

/** Opens a directory of a directory; throws ENOTDIR for a link. The name is a text of `file-name.ts`. */
export function openChild(parent: PathDescriptor, name: string): PathDescriptor {
  const flags = pathOnly | constants.O_NOFOLLOW | constants.O_DIRECTORY;
  return describe(openSync(textToName(`${parent.path}/${name}`), flags));
}

/** Opens a directory that the user named, following links. */
export function openNamedDirectory(path: string): PathDescriptor {
  return describe(openSync(path, pathOnly | constants.O_DIRECTORY));
}

function describe(descriptor: number): PathDescriptor {
  const path = `/proc/self/fd/${descriptor}`;
  return {
    path,
    status: () => fstatSync(descriptor),
    // The kernel refuses both for a link, and never follows it.
    setMode: (mode) => chmodSync(path, mode),
    setTime: (time) => utimesSync(path, time, time),
    [Symbol.dispose]: () => closeSync(descriptor),
  };
}
