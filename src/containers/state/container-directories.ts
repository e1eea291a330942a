import { randomBytes } from "node:crypto";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createContainerDirectory, renewContainerDirectory } from "#native/addon/container-directory.ts";
import { errnoOf } from "#native/addon/failure.ts";
import type { UsedDirectories } from "./used-directories.ts";

/** Content of the files in a container's directory, by name. */
export type DirectoryFiles = Record<string, string>;

/** Function that returns the files of a container with an ID. */
export type FilesOf = (id: string) => DirectoryFiles;

/**
 * Directories of new containers, one of them created in advance. The next daemon deletes a directory without a record.
 */
export interface ContainerDirectories {
  /**
   * Returns a new ID whose directory has these files, and the upper and work directories of the overlay. The function is
   * called again for the directory that is created in advance, because most containers are like the last one.
   */
  take(filesOf: FilesOf): string;
  /** Creates the next directory in advance. */
  prepare(): void;
}

/** Milliseconds before the next directory is created, unless a container ends earlier. */
const preparationDelay = 20;

export interface ContainerDirectoriesOptions {
  parent: string;
  /** Returns the files of the first directory. */
  defaultFiles: FilesOf;
  used: Pick<UsedDirectories, "take">;
}

/** Opens the directories below `parent`. */
export function openContainerDirectories({
  parent,
  defaultFiles,
  used,
}: ContainerDirectoriesOptions): ContainerDirectories {
  let expected = defaultFiles;
  let ready: { id: string; files: DirectoryFiles } | undefined;
  let waiting = false;
  const create = (filesOf: FilesOf) => {
    const id = randomBytes(32).toString("hex");
    const files = filesOf(id);
    const old = used.take();
    if (old === undefined || !renewDirectory({ parent, old, id, files })) {
      createDirectory(`${parent}/${id}`, files);
    }
    return { id, files };
  };
  const prepare = () => {
    try {
      ready ??= create(expected);
    } catch {
      // The next `take` tries again and throws.
    }
  };
  const prepareSoon = () => {
    waiting = false;
    prepare();
  };
  return {
    take(filesOf) {
      const { id, files } = ready ?? create(filesOf);
      ready = undefined;
      expected = filesOf;
      if (!waiting) setTimeout(prepareSoon, preparationDelay);
      waiting = true;
      complete(`${parent}/${id}`, files, () => filesOf(id));
      return id;
    },
    prepare,
  };
}

/** Rewrites the files of a directory that differ; removes the directory after an error. */
function complete(directory: string, files: DirectoryFiles, wanted: () => DirectoryFiles): void {
  try {
    for (const [name, text] of Object.entries(wanted())) {
      if (text !== files[name]) writeFileSync(`${directory}/${name}`, text, { mode: 0o644 });
    }
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

function createDirectory(directory: string, files: DirectoryFiles): void {
  try {
    createContainerDirectory(directory, files);
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** Gives a used directory a new ID and its files. Returns false after an error, when the directory is deleted. */
function renewDirectory({ parent, old, id, files }: Renewal): boolean {
  try {
    renewContainerDirectory(`${parent}/${old}`, `${parent}/${id}`, files);
    return true;
  } catch {
    // A new directory reports the error of a full or failing disk.
    for (const name of [old, id]) rmSync(`${parent}/${name}`, { recursive: true, force: true });
    return false;
  }
}

interface Renewal {
  parent: string;
  old: string;
  id: string;
  files: DirectoryFiles;
}

/** Creates the link by which collectors of logs find a container's log: Docker gives this name to a log. */
export function linkLog(parent: string, id: string): void {
  try {
    symlinkSync("log/container.log", `${parent}/${id}/${id}-json.log`);
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
  }
}

export function containerDirectory({ store }: { store: string }, id: string): string {
  return `${store}/containers/${id}`;
}
