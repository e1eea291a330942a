import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { addon } from "../addon/addon.ts";
import { errnoOf } from "../addon/failure.ts";
import { type Cgroup, openCgroup } from "./cgroup.ts";
import { notDelegated, notEnabled, type Obstacle, oldHierarchy, sharedCgroup } from "./obstacles.ts";

const controllers = ["cpu", "cpuset", "io", "memory", "pids"] as const;

export type Controller = (typeof controllers)[number];

/** The cgroups that are delegated to the user. */
export interface Delegation {
  /** Parent of the cgroups of containers; undefined without delegation. */
  readonly base: Cgroup | undefined;
  /** Controllers that are enabled for the children of `base`. */
  readonly controllers: ReadonlySet<Controller>;
  /** Names of the files in a child of `base`. */
  readonly files: ReadonlySet<string>;
  /** Explains why a controller, or `base` itself, is missing. */
  obstacle(controller?: Controller): Obstacle;
}

export interface DelegationOptions {
  /** Mount point of the proc file system. */
  proc: string;
  /** Process id of the zygote, which starts containers. */
  process: number;
  /** Whether systemd manages the hierarchy. */
  managed: boolean;
}

/** Name of the leaf for the zygote. A cgroup with processes cannot enable controllers for its children. */
const leafName = "tbox.init";

/** Longest wait in milliseconds for the kernel to drop an exited process from a cgroup. */
const longestWait = 512;

/** Prepares the parent cgroup of containers, once per zygote: moves processes to a leaf and enables controllers. */
export async function prepareDelegation(options: DelegationOptions): Promise<Delegation> {
  const { proc, process: pid, managed } = options;
  const own = ownCgroup(proc, pid);
  const path = own?.replace(new RegExp(`/${leafName}$`), "");
  const membership = readText(`${proc}/self/cgroup`);
  const legacy = membership.split("\n").some((line) => /^\d+:(?!name=)[a-z]/.test(line));
  const found = path !== undefined && addon().isCgroupDelegated(path) ? openCgroup(path) : undefined;
  const leaf = found && moveToLeaf(found, options);
  const enabled = found && leaf ? await enable(found) : new Set<string>();
  return {
    base: leaf && found,
    controllers: new Set(controllers.filter((name) => enabled.has(name))),
    files: new Set(leaf ? readdirSync(leaf.path) : []),
    obstacle(controller) {
      if (path === undefined || (legacy && !offers(path))) return oldHierarchy;
      if (!leaf) return notDelegated(path, managed);
      return controller === undefined || !offersController(path, controller)
        ? notEnabled(path, controller ?? "memory", managed)
        : sharedCgroup(path, managed);
    },
  };
}

/** Returns the directory of a process's cgroup; undefined where there is none, or after the end of the process. */
export function ownCgroup(proc: string, pid: number): string | undefined {
  try {
    return addon().cgroupOfProcess(proc, pid) ?? undefined;
  } catch (error) {
    // The process has exited, or the kernel has no cgroups.
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ESRCH") return undefined;
    throw error;
  }
}

/** Moves the processes of a cgroup to a leaf; returns undefined when the kernel refuses. */
function moveToLeaf(base: Cgroup, { proc, process: pid, managed }: DelegationOptions): Cgroup | undefined {
  try {
    const leaf = base.ensureChild(leafName);
    // Under systemd, other processes in the same cgroup belong to the user session and stay where they are.
    const foreign = managed && ownCgroup(proc, process.pid) === base.path;
    const wanted = (found: number) => !foreign || found === pid || found === process.pid;
    for (let round = 0; round < 10; round++) {
      const waiting = processes(base).filter(wanted);
      if (waiting.length === 0) break;
      for (const one of waiting) move(one, leaf);
    }
    return leaf;
  } catch {
    return undefined;
  }
}

/** Returns the process ids of a cgroup, without processes of other pid namespaces, which the kernel shows as 0. */
function processes(cgroup: Cgroup): number[] {
  return words(cgroup.read("cgroup.procs"))
    .map(Number)
    .filter((pid) => pid > 0);
}

function move(pid: number, leaf: Cgroup): void {
  try {
    leaf.write("cgroup.procs", String(pid));
  } catch (error) {
    if (errnoOf(error) !== "ESRCH") throw error;
  }
}

/** Enables all available controllers for the children; returns the enabled ones. */
async function enable(base: Cgroup): Promise<Set<string>> {
  const offered = new Set(words(base.read("cgroup.controllers")));
  const enabled = new Set(words(base.read("cgroup.subtree_control")));
  for (const name of controllers) {
    if (!offered.has(name) || enabled.has(name)) continue;
    await enableController(base, name);
  }
  return new Set(words(base.read("cgroup.subtree_control")));
}

/** Enables a controller if the kernel allows it; `obstacle` explains a failure later. */
async function enableController(base: Cgroup, name: string): Promise<void> {
  for (let wait = 1; wait <= longestWait; wait *= 2) {
    try {
      return base.write("cgroup.subtree_control", `+${name}`);
    } catch (error) {
      // An exited process that is no longer listed still blocks the write for a moment.
      if (errnoOf(error) !== "EBUSY" || processes(base).length > 0) return;
    }
    await setTimeout(wait);
  }
}

function offers(path: string): boolean {
  return controllers.some((name) => offersController(path, name));
}

function offersController(path: string, controller: Controller): boolean {
  return words(readText(`${path}/cgroup.controllers`)).includes(controller);
}

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
