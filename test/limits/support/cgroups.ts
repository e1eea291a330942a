import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { nameOf } from "#test/support/processes.ts";
import { programUnavailable } from "#test/support/user.ts";

const controllers = ["cpu", "memory", "pids"];

/** The cgroup in which the tests may create others; undefined where they may not. */
const delegated: string | undefined = findDelegated();

/** Reason why no cgroup can be created here; undefined when one can. */
export const cgroupsUnavailable: string | undefined =
  programUnavailable ??
  (delegated === undefined ? "no cgroup v2 directory is delegated to the user" : undefined);

/** Reason why no limit can be enforced here; undefined when limits can. */
export const limitsUnavailable: string | undefined = cgroupsUnavailable ?? findObstacle();

let count = 0;

/** Creates a cgroup for a daemon, with the given controllers or all available ones. */
export function makeCgroup(passed?: string[]): string {
  if (delegated === undefined) throw new Error("no cgroup can be created here");
  const offered = passed ?? read(`${delegated}/cgroup.controllers`);
  const above = `${delegated}/test-${process.pid}-${count++}`;
  mkdirSync(above);
  for (const name of offered) writeFileSync(`${above}/cgroup.subtree_control`, `+${name}`);
  const own = `${above}/own`;
  mkdirSync(own);
  return own;
}

/** Maximum number of cgroups that the daemon keeps for the next containers. */
const mostSpares = 4;

/** Returns the names of the cgroups in a directory, without the spare ones that the daemon may keep. */
export function containersIn(directory: string): string[] {
  const names = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "tbox.init")
    .map(({ name }) => name);
  const isSpare = (name: string) => name.includes("-next-") && isIdle(`${directory}/${name}`);
  const spares = names.filter(isSpare).slice(0, mostSpares);
  return names.filter((name) => !spares.includes(name));
}

/** Returns the ids of a cgroup's processes; none when the cgroup is gone. */
export function processesIn(cgroup: string): number[] {
  try {
    return read(`${cgroup}/cgroup.procs`).map(Number);
  } catch {
    return [];
  }
}

/** Returns whether a cgroup has no process, except for those of a prepared sandbox. */
function isIdle(cgroup: string): boolean {
  return processesIn(cgroup).every((pid) => nameOf(pid) === "tbox-ready");
}

function findDelegated(): string | undefined {
  const own = /^0::(\/.*)$/m.exec(readText("/proc/self/cgroup"))?.[1];
  const mount = /^\S+ \S+ \S+ \/ (\S+) .* - cgroup2 /m.exec(readText("/proc/self/mountinfo"))?.[1];
  if (own === undefined || mount === undefined) return undefined;
  const found = `${mount}${own.replace(/\/tests$/, "")}`.replace(/\/$/, "");
  try {
    for (const file of ["", "/cgroup.procs", "/cgroup.subtree_control"]) {
      accessSync(`${found}${file}`, constants.W_OK);
    }
    return found;
  } catch {
    return undefined;
  }
}

/** Enables controllers for child cgroups, for which the tests themselves move to a leaf. */
function findObstacle(): string | undefined {
  if (!existsSync(`${delegated}/tests`)) mkdirSync(`${delegated}/tests`);
  writeFileSync(`${delegated}/tests/cgroup.procs`, String(process.pid));
  for (const name of read(`${delegated}/cgroup.controllers`)) {
    try {
      writeFileSync(`${delegated}/cgroup.subtree_control`, `+${name}`);
    } catch {
      // The check below reports it as missing.
    }
  }
  const passed = read(`${delegated}/cgroup.subtree_control`);
  const missing = controllers.find((name) => !passed.includes(name));
  return missing === undefined ? undefined : `the controller ${missing} is not delegated to the user`;
}

function read(path: string): string[] {
  return readText(path)
    .split(/\s+/)
    .filter((word) => word !== "");
}

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
