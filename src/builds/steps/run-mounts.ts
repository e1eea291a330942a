import type { StepMount } from "#containers/build-steps/create-step.ts";
import { invalidArgument } from "#support/errors.ts";
import { atLines } from "../dockerfile/dockerfile-error.ts";
import type { Located, Run } from "../dockerfile/instruction.ts";
import { parseRunMount, type RunMount } from "../dockerfile/run-mount.ts";
import { expander, fromWorkingDirectory } from "../plan/apply-setting.ts";
import type { StageState } from "../plan/stage-state.ts";
import type { BuildRun, StepContext } from "../solve/build-run.ts";
import { planBind } from "./bind-mount.ts";
import { planCache } from "./cache-mount.ts";
import type { MountContext, OpenedMount, PlannedMount } from "./planned-mount.ts";
import { planAgent, planSecret } from "./secret-mount.ts";

/** The mounts of a RUN. The cache key is known at once; mounts are opened only if the program has to run. */
export interface RunMounts extends Disposable {
  /** Everything that the result depends on. */
  key: unknown;
  open(): Promise<{ mounts: StepMount[]; environment: string[] }>;
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

function targetOf(stage: StageState, target: string): string {
  if (target === "") return "";
  const path = fromWorkingDirectory(stage, target).replace(/(?<=.)\/$/, "");
  if (path === "/") throw invalidArgument(`invalid mount target ${JSON.stringify(target)}`);
  return path;
}
