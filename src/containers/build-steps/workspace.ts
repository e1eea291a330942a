import { closeSync } from "node:fs";
import type { Duplex } from "node:stream";
import type { WriteArchive } from "#layers/layers.ts";
import { openStream } from "#native/addon/stream.ts";
import type { ContainerView, ListedEntry, Owner } from "#native/protocol/work.ts";
import type { DiffId } from "#oci/digest.ts";
import { feedArchive } from "../files/feed-archive.ts";
import { readText } from "../files/read-text.ts";
import type { ContainerServices } from "../services.ts";
import { containerDirectory } from "../state/container-directories.ts";
import { layerPath } from "../state/layer-path.ts";
import { type FileTree, planTree } from "./file-tree.ts";

/** Source of a `COPY`: the content of a directory, or a file. */
export interface TreeCopy {
  tree: FileTree;
  source: string;
  /** Target path. A trailing slash marks a directory. */
  target: string;
  /** Paths below the source that are not copied. */
  skip: string[];
  /** Whether to unpack the source, a tar. */
  unpack: boolean;
}

/** Writable file system over layers. Disposal deletes it. */
export interface Workspace extends Disposable {
  /** Store path of the changes to the layers. */
  upper: string;
  /** Lists the entries at and below a path of a tree; none for a missing path. */
  list(tree: FileTree, path: string): Promise<ListedEntry[]>;
  /** Returns a tree as a tar. A failure destroys the stream with an error. */
  export(tree: FileTree): Duplex;
  /**
   * Merges layers into the workspace; returns the function that writes the result as one uncompressed layer. Deletions of
   * files in the layers `below` are preserved.
   */
  squash(layers: DiffId[], below: DiffId[]): Promise<WriteArchive>;
  /** Unpacks a tar, compressed or not, into the root. All entries get the owner root. */
  extract(archive: ReadableStream<Uint8Array>): Promise<void>;
  /**
   * Copies files; `mode` has the syntax of chmod(1). With `replaces`, a directory and another file replace each other; without
   * it, they conflict.
   */
  copy(copies: TreeCopy[], options: { owner: Owner; mode?: string; replaces?: boolean }): Promise<void>;
}

export function openWorkspace(services: ContainerServices, layers: DiffId[]): Workspace {
  const id = services.directories.take(() => ({}));
  const upper = `containers/${id}/upper`;
  const view: ContainerView = {
    id,
    running: false,
    root: { type: "layers", diffIds: layers.map(layerPath), readonly: false, volatile: true },
    mounts: [],
  };
  return {
    upper,
    list: (tree, path) => listTree(services, id, tree, path),
    export: (tree) =>
      streamFromWorker((peer) =>
        services.zygote.work({ operation: "export", id, tree: planTree(tree) }, { source: peer }),
      ),
    async squash(merged, below) {
      const [layers, lowers] = [merged.map(storePath), below.map(storePath)];
      await services.zygote.work({ operation: "merge", upper, layers, lowers });
      return (source, signal) => services.zygote.work({ operation: "layer", upper }, { source, signal });
    },
    extract: (archive) =>
      feedArchive(archive, (source) =>
        services.zygote.work(
          { operation: "extract", container: view, path: "/", keepKinds: false, squash: true },
          { source },
        ),
      ),
    async copy(copies, options) {
      const planned = copies.map((one) => ({ ...one, tree: planTree(one.tree) }));
      await services.zygote.work({ operation: "copy", container: view, copies: planned, ...options });
    },
    [Symbol.dispose]() {
      try {
        services.trash.discard(containerDirectory(services, id));
      } catch (error) {
        services.warn("move the files of a build step to the trash", error);
      }
    },
  };
}

async function listTree(
  services: ContainerServices,
  id: string,
  tree: FileTree,
  path: string,
): Promise<ListedEntry[]> {
  const { stream, peer } = openStream();
  const request = { operation: "list" as const, id, tree: planTree(tree), path };
  const work = services.zygote.work(request, { source: peer }).finally(() => closeSync(peer));
  const [text] = await Promise.all([readText(stream), work]);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line): ListedEntry => JSON.parse(line));
}

/** Returns the stream that a worker writes. A failure of the work destroys it with the error. */
function streamFromWorker(work: (peer: number) => Promise<unknown>): Duplex {
  const { stream, peer } = openStream();
  work(peer)
    .finally(() => closeSync(peer))
    .catch((error) => stream.destroy(error));
  return stream;
}

function storePath(diffId: DiffId): string {
  return `layers/${layerPath(diffId)}`;
}
