import { randomBytes } from "node:crypto";
import { closeSync } from "node:fs";
import { errnoOf } from "#native/addon/failure.ts";
import { type Cgroup, openCgroup, type Setting } from "#native/cgroup/cgroup.ts";
import { type Delegation, ownCgroup } from "#native/cgroup/delegation.ts";
import type { Launch } from "#native/zygote/zygote.ts";
import { errorChain, invalidArgument, type TboxError } from "#support/errors.ts";
import { parseSecurityOptions } from "../request/security-options.ts";
import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { limitMode, resolveLimits } from "./resolve-limits.ts";
import { openSpareCgroups, type SpareCgroups, suitsSandbox } from "./spare-cgroups.ts";

/** Child cgroup that a container with writable cgroups sees as its root. The limits are on the parent, out of reach. */
const innerName = "inner";

/** Milliseconds before the first retry to remove a cgroup whose last processes still exit. The delay doubles. */
const firstRetryDelay = 2;
const longestRetryDelay = 4000;

/**
 * Creates a container's cgroup with its limits. Returns a descriptor to start the program in; nothing when the user has
 * no delegated cgroups.
 */
export function createContainerCgroup(
  services: ContainerServices,
  record: ContainerRecord,
  { delegation, launch }: { delegation: Delegation; launch: Launch },
): number | undefined {
  // An attempt with a zygote that has died may have left a cgroup.
  dropCgroup(services, record);
  const { base } = delegation;
  const mode = limitMode(record.hostConfig.Annotations, services.limitMode);
  const { settings } = resolveLimits(record.hostConfig, delegation, mode);
  if (!base) return undefined;
  try {
    return (
      takeSpare(services, record, { base, launch, settings }) ?? create(services, record, { base, settings })
    );
  } catch (cause) {
    throw limitFailure(cause);
  }
}

/** Writes the limits into a cgroup with a prepared sandbox. Returns undefined when there is none for this container. */
function takeSpare(
  { spareCgroups }: ContainerServices,
  record: ContainerRecord,
  { base, launch, settings }: { base: Cgroup; launch: Launch; settings: Setting[] },
): number | undefined {
  if (!suitsSandbox(launch) || record.hostConfig.CgroupParent || isWritable(record)) return undefined;
  const spare = spareCgroups.take(base);
  if (spare === undefined) return undefined;
  record.cgroup = `${base.path}/${spare.name}`;
  try {
    const cgroup = openCgroup(record.cgroup);
    for (const [file, text] of settings) cgroup.write(file, text);
  } catch (error) {
    closeSync(spare.descriptor);
    throw error;
  }
  return spare.descriptor;
}

function create(
  services: ContainerServices,
  record: ContainerRecord,
  { base, settings }: { base: Cgroup; settings: Setting[] },
): number {
  const parent = ensureParent(base, record.hostConfig.CgroupParent);
  const name = cgroupName(services, record.id);
  record.cgroup = `${parent.path}/${name}`;
  // A failed start may have left a cgroup of this name.
  parent.removeChild(name);
  const descriptor = parent.prepareChild(name, settings);
  if (!isWritable(record)) return descriptor;
  const cgroup = openCgroup(record.cgroup);
  enableControllers(cgroup);
  return cgroup.prepareChild(innerName, []);
}

/** Opens the spare cgroups of the store. `sweepCgroups` removes those of an earlier daemon. */
export function spareCgroupsOf(services: Pick<ContainerServices, "store" | "warn" | "zygote">): SpareCgroups {
  return openSpareCgroups({
    zygote: services.zygote,
    newName: () => cgroupName(services, `next-${randomBytes(16).toString("hex")}`),
    remove: (path) => removeCgroup(services, path, firstRetryDelay),
    warn: services.warn,
  });
}

/** Opens the cgroup that an exec in a container starts in. */
export function openContainerCgroup(record: ContainerRecord): number | undefined {
  if (record.cgroup === undefined) return undefined;
  const cgroup = openCgroup(record.cgroup);
  if (isWritable(record)) return cgroup.openChild(innerName);
  const slash = record.cgroup.lastIndexOf("/");
  return openCgroup(record.cgroup.slice(0, slash)).openChild(record.cgroup.slice(slash + 1));
}

/** Finds the cgroup of a running container whose start an earlier daemon has not stored; `pid` is a process in it. */
export function adoptCgroup(
  { store }: Pick<ContainerServices, "store">,
  record: ContainerRecord,
  pid: number,
): void {
  if (record.cgroup !== undefined) return;
  const found = containerCgroupIn(ownCgroup("/proc", pid) ?? "", store);
  if (found !== undefined) record.cgroup = found;
}

/** Returns the part of a path that is the cgroup of a container of the store: the process can be in a child of it. */
export function containerCgroupIn(path: string, store: string): string | undefined {
  const names = path.split("/");
  const index = names.findIndex((name) => name.startsWith(cgroupName({ store }, "")));
  return index < 0 ? undefined : names.slice(0, index + 1).join("/");
}

/** Opens the cgroup of a container; nothing when it has none. */
export function cgroupOf({ cgroup }: Pick<ContainerRecord, "cgroup">): Cgroup | undefined {
  return cgroup === undefined ? undefined : openCgroup(cgroup);
}

/** Kills all processes of a container at once, execs included. */
export function killCgroup(record: Pick<ContainerRecord, "cgroup">): void {
  try {
    cgroupOf(record)?.write("cgroup.kill", "1");
  } catch {
    // The cgroup is removed already, or the kernel is older than 5.14. In the second case the processes end with the
    // container's PID 1.
  }
}

/** Kills the remaining processes in a container's cgroup and removes the cgroup, in the background if it is busy. */
export function dropCgroup(services: ContainerServices, record: ContainerRecord): void {
  const { cgroup: path } = record;
  if (path === undefined) return;
  delete record.cgroup;
  removeCgroup(services, path, firstRetryDelay);
}

/** Removes the cgroups of this store that an earlier daemon has left. */
export function sweepCgroups(services: SweepingServices): void {
  const { records, spareCgroups } = services;
  const { base } = services.zygote.delegation;
  if (!base) return;
  // Restart policies may have begun starts already: such a container has a cgroup, but does not run yet.
  const used = new Set(records.all().map(({ cgroup }) => cgroup));
  const prefix = cgroupName(services, "");
  for (const name of base.children()) {
    const path = `${base.path}/${name}`;
    if (!name.startsWith(prefix) || used.has(path) || spareCgroups.has(path)) continue;
    removeCgroup(services, path, firstRetryDelay);
  }
}

type RemovingServices = Pick<ContainerServices, "warn" | "zygote">;
type SweepingServices = RemovingServices & Pick<ContainerServices, "store" | "records" | "spareCgroups">;

function removeCgroup(services: RemovingServices, path: string, retryDelay: number): void {
  const slash = path.lastIndexOf("/");
  const parent = path.slice(0, slash);
  try {
    try {
      openCgroup(parent).removeChild(path.slice(slash + 1));
    } catch (error) {
      if (errnoOf(error) !== "EBUSY") throw error;
      killCgroup({ cgroup: path });
      openCgroup(parent).removeChild(path.slice(slash + 1));
    }
    removeEmptyParents(services, parent);
  } catch (error) {
    // systemd removed the tree together with its scope.
    if (errnoOf(error) === "ENOENT") return;
    if (errnoOf(error) === "EBUSY" && retryDelay <= longestRetryDelay) {
      setTimeout(() => removeCgroup(services, path, retryDelay * 2), retryDelay).unref();
    } else services.warn(`remove the cgroup ${path}`, error);
  }
}

/** Removes the parents that `--cgroup-parent` created, once they have no child. */
function removeEmptyParents({ zygote }: RemovingServices, path: string): void {
  const base = zygote.delegation.base?.path;
  for (let current = path; base && current.startsWith(`${base}/`); ) {
    const slash = current.lastIndexOf("/");
    const parent = openCgroup(current.slice(0, slash));
    if (openCgroup(current).children().length > 0) return;
    parent.removeChild(current.slice(slash + 1));
    current = parent.path;
  }
}

/** Creates the path of `--cgroup-parent`, which is relative to the user's delegated cgroup. */
function ensureParent(base: Cgroup, path: string | undefined): Cgroup {
  let parent = base;
  for (const name of parseCgroupParent(path)) {
    parent = parent.ensureChild(name);
    enableControllers(parent);
  }
  return parent;
}

/** Splits a `--cgroup-parent` into names. Throws invalid-argument for a path that leads out of the delegated cgroup. */
export function parseCgroupParent(path: string | undefined): string[] {
  const parts = (path ?? "").split("/").filter((part) => part !== "");
  const bad = parts.some((part) => !/^[\w@:.-]{1,200}$/.test(part) || /^(\.|tbox[.-]|cgroup\.)/.test(part));
  if (bad) throw invalidArgument(`invalid cgroup parent: ${path}`);
  return parts;
}

/** Enables all controllers of a cgroup for its children. */
function enableControllers(cgroup: Cgroup): void {
  const offered = cgroup.read("cgroup.controllers").trim();
  if (offered === "") return;
  cgroup.write("cgroup.subtree_control", offered.replace(/\b(?=\w)/g, "+"));
}

function cgroupName({ store }: Pick<ContainerServices, "store">, id: string): string {
  // Stores of one user share the delegated cgroup.
  return `tbox-${Bun.hash.crc32(store).toString(16).padStart(8, "0")}-${id}`;
}

function isWritable({ hostConfig }: ContainerRecord): boolean {
  return parseSecurityOptions(hostConfig.SecurityOpt ?? []).writableCgroups;
}

function limitFailure(cause: unknown): TboxError {
  return invalidArgument(`limit the container: ${errorChain(cause)}`);
}
