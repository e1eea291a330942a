import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Delegation } from "#native/cgroup/delegation.ts";
import { invalidArgument } from "#support/errors.ts";
import { checkResources, type Machine } from "./check-resources.ts";
import { type LimitPlan, planLimits } from "./plan-limits.ts";
import { type Resources, resourcesOf } from "./resources.ts";

/** Treatment of a limit that cannot be enforced: an error, or a warning without the limit. */
export type LimitMode = "strict" | "warn";

/** Annotation with the limit mode of one container. */
const limitsAnnotation = "tbox.limits";

/** Default process limit: high enough for any server, low enough to stop a fork bomb before it exhausts the host. */
const defaultPidsLimit = 4096;

export interface ResolvedLimits {
  /** Requested limits that will be enforced. */
  resources: Resources;
  settings: LimitPlan["settings"];
  warnings: string[];
}

/** Adds the default limits to the requested ones. */
export function withDefaults(resources: Resources, { controllers, files }: Delegation): Resources {
  const { Memory = 0, MemorySwap = 0, PidsLimit = 0 } = resources;
  const swap = Memory > 0 && MemorySwap === 0 && controllers.has("memory") && files.has("memory.swap.max");
  return {
    ...resources,
    // Docker's default: as much swap as memory.
    ...(swap ? { MemorySwap: 2 * Memory } : {}),
    ...(PidsLimit === 0 && controllers.has("pids") ? { PidsLimit: defaultPidsLimit } : {}),
  };
}

/** Decides which limits will be enforced. In strict mode it throws invalid-argument for the first that cannot. */
export function resolveLimits(requested: Resources, delegation: Delegation, mode: LimitMode): ResolvedLimits {
  const resources = resourcesOf(requested);
  checkResources(resources, machineOf(delegation));
  const { settings, unsupported } = planLimits(resources, delegation, deviceNumber);
  const [first] = unsupported;
  if (first && mode === "strict") {
    const fix = `to run without the limit, set the annotation ${limitsAnnotation}=warn (tbox run --limits warn)`;
    throw invalidArgument(`${first.message}; ${fix}`);
  }
  const discarded = new Set<string>(unsupported.map(({ field }) => field));
  const enforced = Object.entries(resources).filter(([name]) => !discarded.has(name));
  return {
    resources: Object.fromEntries(enforced),
    settings,
    warnings: unsupported.map(({ message }) => `${message}. Limit discarded.`),
  };
}

/** Returns the limit mode of a container's annotations, or the default mode. */
export function limitMode(
  annotations: Record<string, string> | undefined,
  defaultMode: LimitMode,
): LimitMode {
  const value = annotations && Object.hasOwn(annotations, limitsAnnotation) && annotations[limitsAnnotation];
  if (!value) return defaultMode;
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
  // Layout of glibc's makedev.
  const major = ((rdev >>> 8) & 0xfff) | (Math.floor(rdev / 2 ** 32) & 0xfffff000);
  const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xffffff00);
  return `${major}:${minor}`;
}
