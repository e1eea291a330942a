import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Delegation } from "#native/cgroup/delegation.ts";
import { invalidArgument } from "#support/errors.ts";
import { checkResources, type Machine } from "./check-resources.ts";
import { type LimitPlan, planLimits } from "./plan-limits.ts";
import { type Resources, resourcesOf } from "./resources.ts";

/** Whether a limit that cannot be kept is an error or is left out with a warning. */
export type LimitMode = "strict" | "warn";

/** Set to `warn` or `strict`, it decides for one container. */
const limitsAnnotation = "tbox.limits";

/** Enough for any server, and an end to a fork bomb before the machine has one. */
const usualPids = 4096;

export interface ResolvedLimits {
  /** What was asked for and is kept. */
  resources: Resources;
  settings: LimitPlan["settings"];
  warnings: string[];
}

/** What a container is limited by unless something is said. */
export function withDefaults(resources: Resources, { controllers, files }: Delegation): Resources {
  const { Memory = 0, MemorySwap = 0, PidsLimit = 0 } = resources;
  const swap = Memory > 0 && MemorySwap === 0 && controllers.has("memory") && files.has("memory.swap.max");
  return {
    ...resources,
    // As Docker has it: as much swap as memory.
    ...(swap ? { MemorySwap: 2 * Memory } : {}),
    ...(PidsLimit === 0 && controllers.has("pids") ? { PidsLimit: usualPids } : {}),
  };
}

/** Decides which limits hold; throws invalid-argument for one that cannot, unless a warning will do. */
export function resolveLimits(asked: Resources, delegation: Delegation, mode: LimitMode): ResolvedLimits {
  const resources = resourcesOf(asked);
  checkResources(resources, machineOf(delegation));
  const { settings, refusals } = planLimits(resources, delegation, deviceNumber);
  const [first] = refusals;
  if (first && mode === "strict") {
    const fix = `to do without it: the annotation ${limitsAnnotation}=warn (tbox run --limits warn)`;
    throw invalidArgument(`${first.message}; ${fix}`);
  }
  const refused = new Set<string>(refusals.map(({ field }) => field));
  const kept = Object.entries(resources).filter(([name]) => !refused.has(name));
  return {
    resources: Object.fromEntries(kept),
    settings,
    warnings: refusals.map(({ message }) => `${message}. Limit discarded.`),
  };
}

/** How a container's annotations decide; `usual` where they do not. */
export function limitMode(annotations: Record<string, string> | undefined, usual: LimitMode): LimitMode {
  const value = annotations && Object.hasOwn(annotations, limitsAnnotation) && annotations[limitsAnnotation];
  if (!value) return usual;
  if (value === "strict" || value === "warn") return value;
  const message = `invalid annotation ${limitsAnnotation}=${value}: it is strict or warn`;
  throw invalidArgument(message);
}

function machineOf({ base, controllers }: Delegation): Machine {
  return {
    cpus: availableParallelism(),
    available() {
      if (!base || !controllers.has("cpuset")) return {};
      const [cpus, mems] = ["cpuset.cpus.effective", "cpuset.mems.effective"].map((file) => base.read(file));
      return { cpus: cpus?.trim() ?? "", mems: mems?.trim() ?? "" };
    },
  };
}

function deviceNumber(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isBlockDevice()) {
    const what = found ? "is not a block device" : "does not exist";
    throw invalidArgument(`device ${path} ${what}`);
  }
  const { rdev } = found;
  // As glibc's makedev packs them.
  const major = ((rdev >>> 8) & 0xfff) | (Math.floor(rdev / 2 ** 32) & 0xfffff000);
  const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xffffff00);
  return `${major}:${minor}`;
}
