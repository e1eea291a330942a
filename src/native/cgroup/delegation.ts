import { existsSync, readdirSync, readFileSync } from "node:fs";
import { addon } from "../addon/addon.ts";
import { errnoOf } from "../addon/failure.ts";
import { type Cgroup, openCgroup } from "./cgroup.ts";

const all = ["cpu", "cpuset", "io", "memory", "pids"] as const;

export type Controller = (typeof all)[number];

/** Why something cannot be had, and one line that would change it. */
export interface Obstacle {
  reason: string;
  remedy: string;
}

/** What the user may do with cgroups. */
export interface Delegation {
  /** Where containers get cgroups of their own; nothing where there is no such place. */
  readonly base: Cgroup | undefined;
  /** Those whose limits hold in the children of `base`. */
  readonly controllers: ReadonlySet<Controller>;
  /** Names of the files that a child of `base` has. */
  readonly files: ReadonlySet<string>;
  /** Why a controller, or `base` itself, is not there. */
  obstacle(controller?: Controller): Obstacle;
}

export interface DelegationPlace {
  /** Where the proc file system is mounted. */
  proc: string;
  /** The process that starts containers. */
  process: number;
  /** Whether systemd keeps the hierarchy. */
  managed: boolean;
}

/**
 * The cgroup that whoever starts containers, and it alone, has moved to: processes may be in leaves only where
 * controllers are passed on.
 */
const leafName = "tbox.init";

/** Milliseconds that the kernel is given to forget a process. */
const longestWait = 512;

/** Makes the place where containers get their cgroups, once for each process that starts them. */
export async function prepareDelegation(place: DelegationPlace): Promise<Delegation> {
  const { proc, process: pid, managed } = place;
  const own = ownCgroup(proc, pid);
  const path = own?.replace(new RegExp(`/${leafName}$`), "");
  const membership = readText(`${proc}/self/cgroup`);
  const legacy = membership.split("\n").some((line) => /^\d+:(?!name=)[a-z]/.test(line));
  const found = path !== undefined && addon().isCgroupDelegated(path) ? openCgroup(path) : undefined;
  const leaf = found && settle(found, place);
  const enabled = found && leaf ? await enable(found) : new Set<string>();
  return {
    base: leaf && found,
    controllers: new Set(all.filter((name) => enabled.has(name))),
    files: new Set(leaf ? readdirSync(leaf.path) : []),
    obstacle(controller) {
      if (path === undefined || (legacy && !offers(path))) return oldHierarchy;
      if (!leaf) return notDelegated(path, managed);
      return controller === undefined || !offersController(path, controller)
        ? notPassedOn(path, controller ?? "memory", managed)
        : shared(path, managed);
    },
  };
}

function ownCgroup(proc: string, pid: number): string | undefined {
  try {
    return addon().cgroupOfProcess(proc, pid) ?? undefined;
  } catch (error) {
    // A process that has ended has none, and a kernel without cgroups no such file.
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ESRCH") return undefined;
    throw error;
  }
}

/** Moves what is in the directory to a leaf. Nothing where the kernel does not let it. */
function settle(base: Cgroup, { proc, process: pid, managed }: DelegationPlace): Cgroup | undefined {
  try {
    const leaf = base.ensureChild(leafName);
    // Under systemd others in the same cgroup are its own business; elsewhere nobody else cares for them.
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

/** A process outside of this pid namespace is shown as 0, and cannot be named. */
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

/** Passes on to the children what can be passed on. */
async function enable(base: Cgroup): Promise<Set<string>> {
  const offered = new Set(words(base.read("cgroup.controllers")));
  const passed = new Set(words(base.read("cgroup.subtree_control")));
  for (const name of all) {
    if (!offered.has(name) || passed.has(name)) continue;
    await passOn(base, name);
  }
  return new Set(words(base.read("cgroup.subtree_control")));
}

/** What was not passed on is told to whoever asks for it. */
async function passOn(base: Cgroup, name: string): Promise<void> {
  for (let wait = 1; wait <= longestWait; wait *= 2) {
    try {
      return base.write("cgroup.subtree_control", `+${name}`);
    } catch (error) {
      // A process that has ended, and is listed no more, is in the way for a moment.
      if (errnoOf(error) !== "EBUSY" || processes(base).length > 0) return;
    }
    await Bun.sleep(wait);
  }
}

const oldHierarchy: Obstacle = {
  reason: "this machine has its controllers in cgroup v1, where only root can set limits",
  remedy: "boot it with the kernel parameter systemd.unified_cgroup_hierarchy=1",
};

function notDelegated(path: string, managed: boolean): Obstacle {
  const reason = `the cgroup ${path} is not delegated to this user`;
  if (managed) {
    return { reason, remedy: 'sudo loginctl enable-linger "$USER" && tbox daemon stop' };
  }
  const own = `${path.replace(/\/$/, "")}/tbox`;
  return {
    reason,
    remedy: `sudo mkdir ${own} && sudo chown -R "$USER" ${own} && echo $$ | sudo tee ${own}/cgroup.procs && tbox daemon stop`,
  };
}

function notPassedOn(path: string, controller: Controller, managed: boolean): Obstacle {
  const reason = `the cgroup controller "${controller}" is not delegated to this user`;
  if (managed) {
    return {
      reason,
      remedy:
        "sudo mkdir -p /etc/systemd/system/user@.service.d && " +
        "printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' | " +
        "sudo tee /etc/systemd/system/user@.service.d/delegate.conf && " +
        'sudo systemctl daemon-reload && sudo systemctl restart "user@$(id -u)"',
    };
  }
  const parent = path.slice(0, path.lastIndexOf("/")) || path;
  return { reason, remedy: `echo +${controller} | sudo tee ${parent}/cgroup.subtree_control` };
}

function shared(path: string, managed: boolean): Obstacle {
  return {
    reason: `other processes are in the cgroup ${path}, so its controllers cannot be passed on`,
    remedy: managed ? "tbox setup systemd" : "start the daemon in a cgroup of its own",
  };
}

function offers(path: string): boolean {
  return all.some((name) => offersController(path, name));
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
