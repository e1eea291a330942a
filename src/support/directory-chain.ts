import { closeSync, constants, openSync } from "node:fs";
import { invalidArgument } from "./errors.ts";
import { textToName } from "./file-name.ts";
import { pathOnly } from "./path-descriptor.ts";

/** Descriptors of a tree's root and of the directories down to the one that was opened last. */
export interface DirectoryChain extends Disposable {
  root: number;
  /** Opens a directory without following a link; refuses `..`. The descriptor is valid until the next call. */
  open(path: string): number;
}

/** Opens directories as references (`O_PATH`), which need no right to read them. */
const flags = constants.O_DIRECTORY | constants.O_NOFOLLOW | pathOnly;

/** Maximum number of open directories: half of them at the top of the tree, the others at the end of the path. */
const mostOpen = 256;

/** A directory of the path; without a descriptor in the middle of a long path. */
interface Link {
  name: string;
  descriptor: number | undefined;
}

/**
 * Opens a chain. A walk in tree order opens each directory a few times at most, at any depth. `directory` is a text of
 * `file-name.ts`.
 */
export function openDirectoryChain(directory: string, open: typeof openSync = openSync): DirectoryChain {
  const root = open(textToName(directory), flags);
  const links: Link[] = [];
  let last: { path: string; descriptor: number } | undefined;

  function shorten(length: number): void {
    for (const { descriptor } of links.splice(length)) if (descriptor !== undefined) closeSync(descriptor);
  }

  /** Opens the directories of the path that are closed, from the deepest open one on. */
  function reopen(): number {
    let from = links.length;
    while (from > 0 && links[from - 1]?.descriptor === undefined) from--;
    let descriptor = links[from - 1]?.descriptor ?? root;
    for (let index = from; index < links.length; index++) {
      const link = links[index];
      if (link === undefined) continue;
      descriptor = open(textToName(`/proc/self/fd/${descriptor}/${link.name}`), flags);
      link.descriptor = descriptor;
      const middle = index - mostOpen / 2;
      if (middle >= mostOpen / 2) closeLink(links[middle]);
    }
    return descriptor;
  }

  return {
    root,
    open(path) {
      // Most calls are for the files of one directory, one after the other.
      if (path === last?.path) return last.descriptor;
      last = undefined;
      const parts = path === "" ? [] : path.split("/");
      if (parts.includes("..")) throw invalidArgument(`the path ${JSON.stringify(path)} contains ".."`);
      let shared = 0;
      while (shared < parts.length && links[shared]?.name === parts[shared]) shared++;
      shorten(shared);
      links.push(...parts.slice(shared).map((name) => ({ name, descriptor: undefined })));
      last = { path, descriptor: reopen() };
      return last.descriptor;
    },
    [Symbol.dispose]() {
      shorten(0);
      closeSync(root);
    },
  };
}

function closeLink(link: Link | undefined): void {
  if (link?.descriptor === undefined) return;
  closeSync(link.descriptor);
  link.descriptor = undefined;
}
