import { existsSync, renameSync } from "node:fs";
import { posix } from "node:path";
import type { StepMount } from "#containers/build-steps/create-step.ts";
import type { FileTree } from "#containers/build-steps/file-tree.ts";
import type { Workspace } from "#containers/build-steps/workspace.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { cacheKey } from "../cache/build-cache.ts";
import { atLines } from "../dockerfile/dockerfile-error.ts";
import type { Located, Run } from "../dockerfile/instruction.ts";
import { parseRunMount, type RunMount } from "../dockerfile/run-mount.ts";
import { expander, fromWorkingDirectory } from "../plan/apply-setting.ts";
import { findSource } from "../plan/plan-stages.ts";
import type { StageState } from "../plan/stage-state.ts";
import type { BuildRun, StepContext } from "../solve/build-run.ts";
import { describeContext } from "./context-digest.ts";

/** The mounts of a RUN. Their cache key is known first; they are opened only when the program has to run. */
export interface RunMounts extends Disposable {
  /** Everything that the result depends on. */
  key: unknown;
  open(): Promise<{ mounts: StepMount[]; environment: string[] }>;
}

type OpenedMount = { mount?: StepMount; environment?: string };

interface PlannedMount {
  key: unknown;
  open(held: DisposableStack): Promise<OpenedMount>;
}

export async function openRunMounts(
  run: BuildRun,
  stage: StageState,
  instruction: Run & Located,
  step: StepContext,
): Promise<RunMounts> {
  const expand = expander(stage, run.settings);
  const planned: PlannedMount[] = [];
  for (const [position, text] of instruction.mounts.entries()) {
    const mount = atLines(instruction.lines, () => parseRunMount(text, expand));
    planned.push(await planMount({ run, stage, instruction, step, position }, mount));
  }
  const held = new DisposableStack();
  return {
    key: planned.map(({ key }) => key),
    async open() {
      const opened: OpenedMount[] = [];
      for (const one of planned) opened.push(await one.open(held));
      return {
        mounts: opened.flatMap(({ mount }) => mount ?? []),
        environment: opened.flatMap(({ environment }) => environment ?? []),
      };
    },
    [Symbol.dispose]: () => held.dispose(),
  };
}

interface MountContext {
  run: BuildRun;
  stage: StageState;
  instruction: Run & Located;
  step: StepContext;
  position: number;
}

async function planMount(context: MountContext, mount: RunMount): Promise<PlannedMount> {
  const target = targetOf(context.stage, mount.target);
  switch (mount.type) {
    case "bind":
      return planBind(context, mount, target);
    case "cache":
      return planCache(context, mount, target);
    case "tmpfs": {
      const { size, readOnly: readonly } = mount;
      const open = async (): Promise<OpenedMount> => ({ mount: { type: "tmpfs", target, size, readonly } });
      return { key: ["tmpfs", target, size], open };
    }
    case "secret":
      return planSecret(context.run, mount);
    case "ssh":
      return planAgent(context, mount);
  }
}

async function planBind(
  { run, instruction, step }: MountContext,
  mount: RunMount,
  target: string,
): Promise<PlannedMount> {
  const source = posix.join("/", mount.source);
  const shape = { type: "tree" as const, source, target, readonly: mount.readOnly };
  if (mount.from !== "") {
    const from = atLines(instruction.lines, () => findSource(mount.from, run.planned.stages, step.index));
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
      const tree = ignored ? copyVisibleContext(run, held) : { directory: run.context.directory };
      return { mount: { ...shape, tree: await tree } };
    },
  };
}

/** Copies the context without the files that `.dockerignore` excludes. */
async function copyVisibleContext(run: BuildRun, held: DisposableStack): Promise<FileTree> {
  const workspace: Workspace = held.use(run.services.containers.builds.openWorkspace([]));
  const { ignored: skip } = await run.context.list();
  const tree = { directory: run.context.directory };
  await workspace.copy([{ tree, source: "/", target: "/", skip, unpack: false }], {
    owner: { type: "root" },
  });
  return { directory: `${run.services.store}/${workspace.upper}` };
}

async function planCache(context: MountContext, mount: RunMount, target: string): Promise<PlannedMount> {
  const { run } = context;
  const { uid = 0, gid = 0, mode = 0o755, readOnly: readonly, sharing } = mount;
  const space = run.request.arguments.BUILDKIT_CACHE_MOUNT_NS;
  const id = `${space ? `${space}/` : ""}${mount.id || posix.normalize(target)}`;
  const initial = await initialFiles(context, mount);
  return {
    // The content of a cache mount is never part of the key.
    key: ["cache", id, target, readonly],
    async open(held) {
      const { locks, cacheMounts } = run.services;
      let name = cacheKey(initial ? ["cache", id, initial.tree, initial.source] : ["cache", id]);
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
    throw invalidArgument("the source of a cache mount needs from: a cache is empty at first");
  }
  const found = atLines(instruction.lines, () => findSource(from, run.planned.stages, step.index));
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

function planSecret(run: BuildRun, mount: RunMount): PlannedMount {
  const id = mount.id || mount.source || posix.basename(mount.target);
  const content = run.request.secrets.get(id);
  const asFile = mount.target !== "" || mount.env === undefined;
  const target = posix.join("/", mount.target || `/run/secrets/${posix.basename(id)}`);
  return {
    // The content of a secret is never part of the key.
    key: ["secret", id, asFile ? target : null, mount.env ?? null],
    async open() {
      if (content === undefined) {
        if (mount.required) throw invalidArgument(`secret ${id}: not found`);
        return {};
      }
      const { uid = 0, gid = 0, mode = 0o400 } = mount;
      return {
        ...(asFile ? { mount: { type: "secret", content, target, uid, gid, mode } } : {}),
        ...(mount.env === undefined
          ? {}
          : { environment: `${mount.env}=${new TextDecoder().decode(content)}` }),
      };
    },
  };
}

function planAgent({ run, position }: MountContext, mount: RunMount): PlannedMount {
  const id = mount.id || "default";
  const path = run.request.agents.get(id);
  if (mount.uid || mount.gid) {
    throw new TboxError("not-implemented", "the uid and gid of an ssh mount are not supported yet");
  }
  const target = posix.join("/", mount.target || `/run/buildkit/ssh_agent.${position}`);
  return {
    key: ["ssh", id, target],
    async open() {
      if (path === undefined) {
        if (mount.required) throw invalidArgument(`ssh agent ${id}: not found`);
        return {};
      }
      return { mount: { type: "socket", path, target }, environment: `SSH_AUTH_SOCK=${target}` };
    },
  };
}

function targetOf(stage: StageState, target: string): string {
  if (target === "") return "";
  const path = fromWorkingDirectory(stage, target).replace(/(?<=.)\/$/, "");
  if (path === "/") throw invalidArgument(`invalid mount target ${JSON.stringify(target)}`);
  return path;
}
