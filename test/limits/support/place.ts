import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { programUnavailable } from "#test/support/user.ts";

const controllers = ["cpu", "memory", "pids"];

/** The cgroup in which the tests may make others; nothing where they may not. */
const place: string | undefined = findPlace();

/** Why no cgroup can be made here; nothing when it can. */
export const cgroupsUnavailable: string | undefined =
  programUnavailable ?? (place === undefined ? "no cgroup v2 directory is delegated to the user" : undefined);

/** Why no limit can be kept here; nothing when it can. */
export const limitsUnavailable: string | undefined = cgroupsUnavailable ?? findObstacle();

let count = 0;

/** A cgroup of the tests' own, for a daemon to be started in; `passed` are the controllers it has. */
export function makePlace(passed?: string[]): string {
  if (place === undefined) throw new Error("no cgroup can be made here");
  const offered = passed ?? read(`${place}/cgroup.controllers`);
  const above = `${place}/test-${process.pid}-${count++}`;
  mkdirSync(above);
  for (const name of offered) writeFileSync(`${above}/cgroup.subtree_control`, `+${name}`);
  const own = `${above}/own`;
  mkdirSync(own);
  return own;
}

/** Names of the cgroups of containers in a place. */
export function containersIn(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "tbox.init")
    .map(({ name }) => name);
}

function findPlace(): string | undefined {
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

/** Makes the place one that can pass controllers on: the tests themselves move to a leaf. */
function findObstacle(): string | undefined {
  if (!existsSync(`${place}/tests`)) mkdirSync(`${place}/tests`);
  writeFileSync(`${place}/tests/cgroup.procs`, String(process.pid));
  for (const name of read(`${place}/cgroup.controllers`)) {
    try {
      writeFileSync(`${place}/cgroup.subtree_control`, `+${name}`);
    } catch {
      // It is missing below.
    }
  }
  const passed = read(`${place}/cgroup.subtree_control`);
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
