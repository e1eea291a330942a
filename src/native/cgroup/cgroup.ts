import { addon } from "../addon/addon.ts";
import { errnoOf } from "../addon/failure.ts";

/** A cgroup file and the text to write to it. */
export type Setting = [file: string, text: string];

/** A cgroup v2 directory. Names contain no slash. Errors carry the errno name as `code`. */
export interface Cgroup {
  readonly path: string;
  /** Creates a child if it does not exist. */
  ensureChild(name: string): Cgroup;
  /**
   * Creates a child with these settings and returns a descriptor to start a container in; the caller closes it. The
   * child is removed again when a setting cannot be written.
   */
  prepareChild(name: string, settings: Setting[]): number;
  /** Returns a descriptor of a child to start a program in; the caller closes it. */
  openChild(name: string): number;
  /** Removes a child with its descendants, if it exists. Throws EBUSY while a process is in it. */
  removeChild(name: string): void;
  children(): string[];
  read(file: string): string;
  write(file: string, text: string): void;
}

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
    prepareChild: (name, settings) => addon().prepareCgroup(path, name, settings.flat()),
    openChild: (name) => addon().openCgroup(path, name),
    removeChild: (name) => addon().removeCgroup(path, name),
    children: () => addon().cgroupChildren(path),
    read: (file) => addon().readCgroupFile(path, file),
    write: (file, text) => addon().writeCgroupFile(path, file, text),
  };
}
