import { posix } from "node:path";
import type { FileTree } from "#containers/build-steps/file-tree.ts";
import { openDirectoryChain } from "#support/directory-chain.ts";
import { invalidArgument } from "#support/errors.ts";
import type { HostTree } from "#support/host-tree.ts";
import { compileIgnorePatterns, type Ignores, parseIgnoreFile } from "#support/ignore-patterns.ts";
import { readContextFile } from "./read-context-file.ts";
import { type DigestCache, type ScannedTree, scanTree } from "./scan.ts";

/** The files that a build can copy from. */
export interface Context {
  /** The files, for a worker. */
  files: FileTree;
  /** Returns the compiled patterns of `.dockerignore`. */
  ignores(): Promise<Ignores>;
  /** Lists the files that `.dockerignore` does not exclude. */
  list(): Promise<ScannedTree>;
}

const mostText = 16 * 1024 * 1024;

export function openContext(
  { directory, tree, ignore }: { directory: string; tree: HostTree; ignore?: string | undefined },
  dockerfile: string,
  { known, held }: { known: DigestCache; held: AsyncDisposableStack },
): Context {
  let listing: Promise<ScannedTree> | undefined;
  let compiled: Promise<Ignores> | undefined;
  const patterns = async () =>
    ignore === undefined ? readIgnoreFile(tree, dockerfile) : parseIgnoreFile(ignore);
  const ignores = () => {
    compiled ??= patterns().then(compileIgnorePatterns);
    return compiled;
  };
  return {
    files: { directory, identity: tree.identity },
    ignores,
    list() {
      listing ??= ignores()
        .then((one) => scanTree(tree, one, known))
        .then((found) => {
          if (held.disposed) found[Symbol.dispose]();
          else held.use(found);
          return found;
        });
      return listing;
    },
  };
}

/** Reads the Dockerfile of a context. */
export async function readDockerfile(tree: HostTree, path: string): Promise<string> {
  if (/^\.\.(\/|$)/.test(posix.normalize(path))) {
    throw invalidArgument(`forbidden path outside the build context: ${path}`);
  }
  const text =
    (await readContextFile(tree, path, mostText)) ??
    // Docker falls back to this name for the default path.
    (path === "Dockerfile" ? await readContextFile(tree, "dockerfile", mostText) : undefined);
  if (text === undefined) {
    throw invalidArgument(`Cannot locate specified Dockerfile: ${path}`);
  }
  if (text === "") throw invalidArgument(`the Dockerfile (${path}) cannot be empty`);
  return text;
}

/** Checks a directory of this machine that a client named; returns its path. */
export function checkDirectory(path: string): string {
  if (!path.startsWith("/") || !isDirectory(path)) {
    throw invalidArgument(`the build context ${path} is not a directory of this machine`);
  }
  return path;
}

/** Returns whether a path leads to a directory, and not to a link in its place. The build opens it in the same way. */
function isDirectory(path: string): boolean {
  try {
    openDirectoryChain(path)[Symbol.dispose]();
    return true;
  } catch {
    return false;
  }
}

/** Reads `<Dockerfile>.dockerignore` if it exists, otherwise `.dockerignore`. */
async function readIgnoreFile(tree: HostTree, dockerfile: string): Promise<string[]> {
  const own = await readContextFile(tree, `${dockerfile}.dockerignore`, mostText);
  return parseIgnoreFile(own ?? (await readContextFile(tree, ".dockerignore", mostText)) ?? "");
}
