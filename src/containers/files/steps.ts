import { closeSync, mkdirSync } from "node:fs";
import type { Duplex } from "node:stream";
import { openStream } from "#native/addon/stream.ts";
import type { ContainerView, ListedEntry, Mount, Owner, Tree } from "#native/zygote/protocol.ts";
import type { DiffId } from "#oci/digest.ts";
import { createContainer } from "../lifecycle/create.ts";
import { layerPath } from "../lifecycle/plan-launch.ts";
import type { CreateRequest } from "../request/create-request.ts";
import { containerDirectory, type Fleet } from "../services.ts";
import { feedArchive } from "./archive.ts";
import { readText } from "./changes.ts";

/** Files that a build takes from: layers, base first, or a directory of the host. */
export type FileTree = { layers: DiffId[] } | { directory: string };

/** What `RUN --mount` mounts. */
export type StepMount =
  | { type: "tree"; tree: FileTree; source: string; target: string; readonly: boolean }
  | Extract<Mount, { type: "cache" }>
  | { type: "secret"; content: Uint8Array; target: string; uid: number; gid: number; mode: number }
  | { type: "socket"; path: string; target: string }
  | { type: "tmpfs"; target: string; size: number; readonly: boolean };

/** A program of a build, on layers in place of an image. */
export interface Step {
  layers: DiffId[];
  request: CreateRequest;
  mounts: StepMount[];
  /** `NAME=value` of secrets, which are kept nowhere. */
  environment: string[];
}

/** One source of a `COPY`: a directory's content, or a file. */
export interface TreeCopy {
  tree: FileTree;
  source: string;
  /** A directory when it ends with a slash. */
  target: string;
  /** Left out: paths below the source. */
  skip: string[];
  unpack: boolean;
}

/** A root of layers to copy files into. */
export interface Workspace extends Disposable {
  /** What was changed, as a path in the store. */
  upper: string;
  /** What lies at a path of a tree and below it; nothing where there is nothing. */
  list(tree: FileTree, path: string): Promise<ListedEntry[]>;
  /** A tree as a tar; breaks off when it could not be written to its end. */
  export(tree: FileTree): Duplex;
  /** These layers as one, a plain tar; what they delete of those below stays deleted. The root is theirs after. */
  squash(layers: DiffId[], below: DiffId[]): Duplex;
  /** Unpacks a tar, compressed or not, into the root; everything becomes root's. */
  extract(archive: ReadableStream<Uint8Array>): Promise<void>;
  /** `mode` as of chmod(1). */
  copy(copies: TreeCopy[], options: { owner: Owner; mode?: string }): Promise<void>;
}

/** Makes the container of a step; it is started, watched and removed like any other. */
export async function createStep(fleet: Fleet, step: Step): Promise<{ id: string; upper: string }> {
  const { id } = await createContainer(fleet, step.request, { layers: step.layers });
  // What the mounts cover is made in here, so that nothing of it stays in the step's own layer.
  mkdirSync(`${containerDirectory(fleet, id)}/targets`, { mode: 0o755 });
  fleet.companion(id).step = {
    mounts: step.mounts.map(planStepMount),
    environment: step.environment,
  };
  return { id, upper: `containers/${id}/upper` };
}

function planStepMount(mount: StepMount): Mount {
  switch (mount.type) {
    case "tree":
      return { ...mount, tree: planTree(mount.tree) };
    case "cache":
      return mount;
    case "secret":
      return { ...mount, content: Buffer.from(mount.content).toString("base64") };
    case "socket": {
      const { path: source, target } = mount;
      return { type: "bind", source, target, readonly: false, recursive: false, propagation: "rprivate" };
    }
    case "tmpfs": {
      const { type, target, size, readonly } = mount;
      return { type, target, mode: 0o1777, readonly, exec: true, ...(size > 0 ? { size } : {}) };
    }
  }
}

export function openWorkspace(fleet: Fleet, layers: DiffId[]): Workspace {
  const id = fleet.directories.take(() => ({}));
  const view: ContainerView = {
    id,
    running: false,
    root: { type: "layers", diffIds: layers.map(layerPath), readonly: false, volatile: true },
    mounts: [],
  };
  return {
    upper: `containers/${id}/upper`,
    async list(tree, path) {
      const { stream, peer } = openStream();
      const request = { operation: "list" as const, id, tree: planTree(tree), path };
      const work = fleet.zygote.work(request, { source: peer }).finally(() => closeSync(peer));
      const [text] = await Promise.all([readText(stream), work]);
      return text
        .split("\n")
        .filter((line) => line !== "")
        .map((line): ListedEntry => JSON.parse(line));
    },
    export(tree) {
      const { stream, peer } = openStream();
      fleet.zygote
        .work({ operation: "export", id, tree: planTree(tree) }, { source: peer })
        .finally(() => closeSync(peer))
        .catch((error) => stream.destroy(error));
      return stream;
    },
    squash(layers, below) {
      const { stream, peer } = openStream();
      const upper = `containers/${id}/upper`;
      const write = async () => {
        const [own, lowers] = [layers, below].map((list) =>
          list.map((diffId) => `layers/${layerPath(diffId)}`),
        );
        await fleet.zygote.work({ operation: "merge", upper, layers: own ?? [], lowers: lowers ?? [] });
        await fleet.zygote.work({ operation: "layer", upper }, { source: peer });
      };
      write()
        .finally(() => closeSync(peer))
        .catch((error) => stream.destroy(error));
      return stream;
    },
    extract: (archive) =>
      feedArchive(fleet, archive, { container: view, path: "/", keepKinds: false, squash: true }),
    async copy(copies, { owner, mode }) {
      const planned = copies.map((one) => ({ ...one, tree: planTree(one.tree) }));
      const chmod = mode === undefined ? {} : { mode };
      await fleet.zygote.work({ operation: "copy", container: view, copies: planned, owner, ...chmod });
    },
    [Symbol.dispose]() {
      try {
        fleet.trash.discard(containerDirectory(fleet, id));
      } catch (error) {
        fleet.warn("set the files of a build's step aside", error);
      }
    },
  };
}

function planTree(tree: FileTree): Tree {
  if ("directory" in tree) return { type: "directory", path: tree.directory };
  return { type: "layers", diffIds: tree.layers.map(layerPath) };
}
