import { linkSync, lstatSync, mkdirSync, symlinkSync, unlinkSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createFifo } from "#client/create-fifo.ts";
import { textToName } from "#support/file-name.ts";
import { openChild, openNamedDirectory, openPath, type PathDescriptor } from "#support/path-descriptor.ts";
import { ExitError } from "../output/exit.ts";
import { append } from "./append.ts";

/** Attributes of an entry. */
export interface Attributes {
  mode: number;
  time: Date | undefined;
}

/**
 * A directory of the host into which entries of an archive are written. Other programs may write to it meanwhile, so each
 * step starts from an opened directory; no link is followed and nothing outside is changed. A path is the list of its
 * names, texts of `#support/file-name.ts`; the empty list is the directory itself.
 */
export interface TargetTree extends Disposable {
  /** Creates a directory unless it exists. `finish` sets its attributes, which may forbid the owner to write to it. */
  addDirectory(path: string[], attributes: Attributes): void;
  /** Creates a file. It replaces an existing entry with its name, unless that is a directory. */
  addFile(path: string[], attributes: Attributes, bytes: AsyncIterable<unknown>): Promise<void>;
  addSymbolicLink(path: string[], target: string): void;
  /** Creates a named pipe. */
  addFifo(path: string[], attributes: Attributes): void;
  /** Creates another name of a file in this directory. */
  addHardLink(path: string[], original: string[]): void;
  /** Sets the attributes of the directories. */
  finish(): void;
}

/** Opens a directory that the user named; links in its own path are followed. */
export function openTargetTree(directory: string): TargetTree {
  const root = openNamedDirectory(directory);
  return new OpenedTree(root, directory);
}

class OpenedTree implements TargetTree {
  readonly #root: PathDescriptor;
  readonly #shown: string;
  /** Opened directories between the root and the last entry. */
  readonly #stack: { name: string; directory: PathDescriptor }[] = [];
  /** Attributes by path; the last entry of a directory wins. */
  readonly #directories = new Map<string, { path: string[]; attributes: Attributes }>();

  constructor(root: PathDescriptor, shown: string) {
    this.#root = root;
    this.#shown = shown;
  }

  addDirectory(path: string[], attributes: Attributes): void {
    this.#enter(path);
    this.#directories.set(path.join("/"), { path, attributes });
  }

  async addFile(path: string[], attributes: Attributes, bytes: AsyncIterable<unknown>): Promise<void> {
    const place = this.#free(path);
    // Exclusive creation follows no link.
    await using file = await open(textToName(place), "wx", 0o600);
    const shown = this.#show(path);
    for await (const chunk of bytes) if (chunk instanceof Uint8Array) await append(file, shown, chunk);
    await setAttributes(file, attributes);
  }

  addSymbolicLink(path: string[], target: string): void {
    symlinkSync(textToName(target), textToName(this.#free(path)));
  }

  addFifo(path: string[], { mode, time }: Attributes): void {
    const place = textToName(this.#free(path));
    createFifo(place);
    using fifo = openPath(place);
    fifo.setMode(mode);
    if (time) fifo.setTime(time);
  }

  addHardLink(path: string[], original: string[]): void {
    if (path.join("/") === original.join("/")) return;
    const from = this.#place(original);
    const found = lstatSync(textToName(from), { throwIfNoEntry: false });
    if (!found || found.isDirectory()) {
      const names = `"${this.#show(path)}": it links to ${this.#show(original)}`;
      throw new ExitError(`refusing to unpack ${names}, which is not a file`, 1);
    }
    // Opening the second directory may close the first one, so the first one is opened separately.
    using directory = openNamedDirectory(from.slice(0, from.lastIndexOf("/")));
    linkSync(
      textToName(`${directory.path}${from.slice(from.lastIndexOf("/"))}`),
      textToName(this.#free(path)),
    );
  }

  finish(): void {
    // Children come first: a parent without access would hide them, and its time would change.
    const deepestFirst = [...this.#directories.values()].sort((a, b) => b.path.length - a.path.length);
    for (const { path, attributes } of deepestFirst) {
      const directory = this.#enter(path);
      directory.setMode(attributes.mode);
      if (attributes.time) directory.setTime(attributes.time);
    }
  }

  [Symbol.dispose](): void {
    this.#leave(0);
    this.#root[Symbol.dispose]();
  }

  /** Removes an existing file or link, and returns the path through its opened directory. */
  #free(path: string[]): string {
    const place = this.#place(path);
    const found = lstatSync(textToName(place), { throwIfNoEntry: false });
    if (found?.isDirectory()) {
      throw new ExitError(`cannot overwrite the directory "${this.#show(path)}" with a file`, 1);
    }
    if (found) unlinkSync(textToName(place));
    return place;
  }

  #place(path: string[]): string {
    const name = path.at(-1);
    if (name === undefined) throw new ExitError(`cannot overwrite the directory "${this.#shown}"`, 1);
    return `${this.#enter(path.slice(0, -1)).path}/${name}`;
  }

  /** Opens a directory; creates missing directories on its path. */
  #enter(path: string[]): PathDescriptor {
    let depth = 0;
    while (depth < path.length && this.#stack[depth]?.name === path[depth]) depth++;
    this.#leave(depth);
    let directory = this.#stack.at(-1)?.directory ?? this.#root;
    for (const name of path.slice(depth)) {
      directory = this.#openOrCreate(directory, name, path);
      this.#stack.push({ name, directory });
    }
    return directory;
  }

  #leave(depth: number): void {
    for (const { directory } of this.#stack.splice(depth)) directory[Symbol.dispose]();
  }

  #openOrCreate(parent: PathDescriptor, name: string, path: string[]): PathDescriptor {
    const place = textToName(`${parent.path}/${name}`);
    if (lstatSync(place, { throwIfNoEntry: false }) === undefined) mkdirSync(place, 0o755);
    try {
      return openChild(parent, name);
    } catch (cause) {
      if (!(cause instanceof Error && "code" in cause && cause.code === "ENOTDIR")) throw cause;
      throw new ExitError(`refusing to unpack "${this.#show(path)}": "${name}" is not a directory`, 1);
    }
  }

  #show(path: string[]): string {
    return [this.#shown, ...path].join("/");
  }
}

async function setAttributes(file: FileHandle, { mode, time }: Attributes): Promise<void> {
  await file.chmod(mode);
  if (time) await file.utimes(time, time);
}
