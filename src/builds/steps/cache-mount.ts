import { existsSync, renameSync } from "node:fs";
import { posix } from "node:path";
import type { FileTree } from "#containers/build-steps/file-tree.ts";
import { invalidArgument } from "#support/errors.ts";
import { cacheKey } from "../cache/build-cache.ts";
import { atLines } from "../dockerfile/dockerfile-error.ts";
import type { RunMount } from "../dockerfile/run-mount.ts";
import { findSource } from "../plan/plan-stages.ts";
import type { BuildRun } from "../solve/build-run.ts";
import type { MountContext, PlannedMount } from "./planned-mount.ts";

/** Plans `--mount=type=cache`: a persistent directory that is shared, locked or private. */
export async function planCache(
  context: MountContext,
  mount: RunMount,
  target: string,
): Promise<PlannedMount> {
  const { run } = context;
  const { uid = 0, gid = 0, mode = 0o755, readOnly: readonly, sharing } = mount;
  const space = run.request.arguments.BUILDKIT_CACHE_MOUNT_NS;
  const id = `${space ? `${space}/` : ""}${mount.id || posix.normalize(target)}`;
  const initial = await initialFiles(context, mount);
  // The first use sets the owner and mode of the directory, so another owner or mode needs another directory.
  const attributes = uid === 0 && gid === 0 && mode === 0o755 ? [] : [{ uid, gid, mode }];
  return {
    // The content of a cache mount is never part of the key.
    key: ["cache", id, target, readonly],
    async open(held) {
      const { locks, cacheMounts } = run.services;
      const start = initial ? [initial.tree, initial.source] : [];
      let name = cacheKey(["cache", id, ...start, ...attributes]);
      if (sharing === "locked") held.use(await locks.acquire(name, run.signal));
      if (sharing === "private") name = held.use(locks.acquireFree(name)).name;
      held.use(cacheMounts.use(name, `cache mount ${target}`));
      if (initial) await fillCache(run, cacheMounts.path(name), initial);
      return { mount: { type: "cache", name, target, readonly, uid, gid, mode } };
    },
  };
}

interface InitialFiles {
  tree: FileTree;
  source: string;
}

/** Returns the initial content of a cache mount, if the instruction names one. */
async function initialFiles(
  { run, instruction, step }: MountContext,
  { from, source }: RunMount,
): Promise<InitialFiles | undefined> {
  if (from === "") {
    if (source === "") return undefined;
    throw invalidArgument("a cache mount with source needs from: a new cache is empty");
  }
  const found = atLines(instruction.lines, () => findSource(from, run.planned, step.index));
  return { tree: { layers: await run.filesOf(found, instruction.lines) }, source: posix.join("/", source) };
}

async function fillCache(run: BuildRun, path: string, { tree, source }: InitialFiles): Promise<void> {
  const { locks, containers, store } = run.services;
  using _ = await locks.acquire(`fill ${path}`, run.signal);
  if (existsSync(`${store}/${path}`)) return;
  using workspace = containers.builds.openWorkspace([]);
  const copies = [{ tree, source, target: "/", skip: [], unpack: false }];
  await workspace.copy(copies, { owner: { type: "kept" } });
  renameSync(`${store}/${workspace.upper}`, `${store}/${path}`);
}
