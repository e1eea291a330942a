import { addon } from "./addon.ts";
import { errnoOf } from "./failure.ts";

/** A cgroup v2 directory. Names hold no slash. */
export interface Cgroup {
  readonly path: string;
  /** Creates a child if it is not there. */
  ensureChild(name: string): Cgroup;
  /** Removes an empty child; none is no error. */
  removeChild(name: string): void;
  /** A descriptor of a child to start a container in; the caller closes it. */
  openChild(name: string): number;
  read(file: string): string;
  write(file: string, text: string): void;
}

/** The own cgroup v2 directory, if children may be created in it and processes moved there. */
export function findDelegatedCgroup(proc = "/proc"): Cgroup | undefined {
  const path = addon().delegatedCgroup(proc);
  return path === null ? undefined : openCgroup(path);
}

/** Errors carry the errno's name as `code`. */
export function openCgroup(path: string): Cgroup {
  return {
    path,
    ensureChild(name) {
      try {
        addon().createCgroup(path, name);
      } catch (error) {
        if (errnoOf(error) !== "EEXIST") throw error;
      }
      return openCgroup(`${path}/${name}`);
    },
    removeChild: (name) => addon().removeCgroup(path, name),
    openChild: (name) => addon().openCgroup(path, name),
    read: (file) => addon().readCgroupFile(path, file),
    write: (file, text) => addon().writeCgroupFile(path, file, text),
  };
}
