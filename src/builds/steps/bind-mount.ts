import { posix } from "node:path";
import type { FileTree } from "#containers/build-steps/file-tree.ts";
import type { Workspace } from "#containers/build-steps/workspace.ts";
import { atLines } from "../dockerfile/dockerfile-error.ts";
import type { RunMount } from "../dockerfile/run-mount.ts";
import { findSource } from "../plan/plan-stages.ts";
import type { BuildRun } from "../solve/build-run.ts";
import { describeContext } from "./context-digest.ts";
import type { MountContext, PlannedMount } from "./planned-mount.ts";

/** Plans `--mount=type=bind`: files of the context, a stage or an image. */
export async function planBind(
  { run, instruction, step }: MountContext,
  mount: RunMount,
  target: string,
): Promise<PlannedMount> {
  const source = posix.join("/", mount.source);
  const shape = { type: "tree" as const, source, target, readonly: mount.readOnly };
  if (mount.from !== "") {
    const from = atLines(instruction.lines, () => findSource(mount.from, run.planned, step.index));
    const layers = await run.filesOf(from, instruction.lines);
    return {
      key: ["bind", layers, source, target, mount.readOnly],
      open: async () => ({ mount: { ...shape, tree: { layers } } }),
    };
  }
  const { digest, ignored } = await describeContext(run.context, source);
  return {
    key: ["bind", digest, target, mount.readOnly],
    async open(held) {
      const tree = ignored ? copyVisibleContext(run, held) : run.context.files;
      return { mount: { ...shape, tree: await tree } };
    },
  };
}

/** Copies the context without the files that `.dockerignore` excludes. */
async function copyVisibleContext(run: BuildRun, held: DisposableStack): Promise<FileTree> {
  const workspace: Workspace = held.use(run.services.containers.builds.openWorkspace([]));
  const { ignored: skip } = await run.context.list();
  const tree = run.context.files;
  await workspace.copy([{ tree, source: "/", target: "/", skip, unpack: false }], {
    owner: { type: "root" },
  });
  return { directory: `${run.services.store}/${workspace.upper}` };
}
