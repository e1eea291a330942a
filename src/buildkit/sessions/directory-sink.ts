import {
  closeSync,
  constants,
  fchmodSync,
  futimesSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { TboxError } from "#support/errors.ts";
import { isDoubtfulName, nameToText, textToName } from "#support/file-name.ts";
import { openPath } from "#support/path-descriptor.ts";
import { permissionsOf } from "../protocol/files.ts";
import type { FileSink, ListedEntry } from "./receive-files.ts";

/** Files that may be written at the same time; clients send four. */
const mostOpen = 64;

export interface DirectorySink extends FileSink, Disposable {
  /** Files that were left out, because they are neither files, directories nor links. */
  skipped: string[];
  /** Tests whether the directory has all files as they were listed: none was left out, none changed while it was sent. */
  isComplete(): boolean;
}

export interface SinkOptions {
  /** Directory that becomes a copy of the client's files. No other program may write to it. */
  directory: string;
  /** Empty directory of the same file system for unfinished files. */
  partial: string;
  /** Called with the number of received bytes. */
  onBytes(count: number): void;
}

/**
 * Makes a directory equal to the client's files. A file with the size, modification time and mode of the last transfer is
 * not transferred again. A file appears under its name when it is complete.
 */
export function openDirectorySink({ directory, partial, onBytes }: SinkOptions): DirectorySink {
  const at = (path: string) => textToName(`${directory}/${path}`);
  const names = new Map<string, Set<string>>([["", new Set()]]);
  const directories: ListedEntry[] = [];
  const open = new Map<string, { descriptor: number; name: string; size: number }>();
  let count = 0;
  let changed = false;
  const start = (path: string) => {
    const opened = open.get(path);
    if (opened) return opened;
    if (open.size >= mostOpen)
      throw new TboxError("invalid-argument", "the client sends too many files at once");
    const name = `${partial}/${count++}`;
    const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants;
    const descriptor = openSync(name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600);
    const file = { name, descriptor, size: 0 };
    open.set(path, file);
    return file;
  };
  const skipped: string[] = [];
  return {
    skipped,
    isComplete: () => skipped.length === 0 && !changed,
    list(entry) {
      if (entry.kind === "other") {
        skipped.push(entry.path);
        return false;
      }
      register(names, entry);
      if (entry.kind === "directory") directories.push(entry);
      return updateEntry(at(entry.path), entry);
    },
    write({ path }, data) {
      onBytes(data.length);
      const file = start(path);
      file.size += data.length;
      for (let done = 0; done < data.length; ) done += writeSync(file.descriptor, data, done);
    },
    finish({ path, stat }) {
      const { name, descriptor, size } = start(path);
      open.delete(path);
      if (size !== stat.size) changed = true;
      try {
        fchmodSync(descriptor, permissionsOf(stat.mode));
        const modified = secondsOf(stat.modified);
        futimesSync(descriptor, modified, modified);
      } finally {
        closeSync(descriptor);
      }
      renameSync(name, at(path));
    },
    listed() {
      for (const [parent, kept] of names) removeOthers(at(parent), at, parent, kept);
    },
    [Symbol.dispose]() {
      for (const { descriptor } of open.values()) closeSync(descriptor);
      // Writing children changes a directory's times and needs write access to it, so the deepest directories come first.
      for (const { path, stat } of directories.reverse()) {
        const modified = secondsOf(stat.modified);
        using opened = openPath(at(path));
        opened.setTime(modified);
        opened.setMode(permissionsOf(stat.mode));
      }
    },
  };
}

function register(names: Map<string, Set<string>>, { path, kind }: ListedEntry): void {
  const slash = path.lastIndexOf("/");
  const parent = slash < 0 ? "" : path.slice(0, slash);
  names.get(parent)?.add(path.slice(slash + 1));
  if (kind === "directory") names.set(path, new Set());
}

/** Prepares the path of a file; returns whether its content is needed. */
function updateEntry(place: string | Buffer, { kind, stat, target }: ListedEntry): boolean {
  const found = lstatSync(place, { throwIfNoEntry: false });
  if (kind === "directory") {
    if (found?.isDirectory()) {
      if ((found.mode & 0o700) !== 0o700) makeWritable(place);
      return false;
    }
    if (found) rmSync(place);
    mkdirSync(place, { mode: 0o700 });
    return false;
  }
  if (found?.isDirectory()) removeTree(place);
  if (kind === "link") {
    const current = found?.isSymbolicLink()
      ? nameToText(readlinkSync(place, { encoding: "buffer" }))
      : undefined;
    if (current !== target) {
      if (found && !found.isDirectory()) rmSync(place);
      symlinkSync(textToName(target), place);
    }
    return false;
  }
  if (!found?.isFile()) {
    if (found && !found.isDirectory()) rmSync(place);
    return true;
  }
  const sameMode = (found.mode & 0o7777) === permissionsOf(stat.mode);
  const sameTime = Math.abs(found.mtimeMs / 1000 - secondsOf(stat.modified)) < 2e-6;
  return !(sameMode && sameTime && found.size === stat.size);
}

/** Removes the files of a directory that the client no longer has. */
function removeOthers(
  place: string | Buffer,
  at: (path: string) => string | Buffer,
  parent: string,
  kept: Set<string>,
): void {
  for (const raw of readdirSync(place, { encoding: "buffer" })) {
    const plain = raw.toString();
    const name = isDoubtfulName(plain) ? nameToText(raw) : plain;
    if (!kept.has(name)) removeTree(at(parent === "" ? name : `${parent}/${name}`));
  }
}

/** Removes a file or a tree whose directories may be read-only. */
function removeTree(place: string | Buffer): void {
  const found = lstatSync(place, { throwIfNoEntry: false });
  if (found?.isDirectory()) {
    makeWritable(place);
    for (const name of readdirSync(place, { encoding: "buffer" })) {
      removeTree(Buffer.concat([Buffer.from(place), Buffer.from("/"), name]));
    }
  }
  rmSync(place, { recursive: true, force: true });
}

function makeWritable(directory: string | Buffer): void {
  using opened = openPath(directory);
  opened.setMode(0o700);
}

function secondsOf(nanoseconds: bigint): number {
  return Number(nanoseconds / 1000n) / 1e6;
}
