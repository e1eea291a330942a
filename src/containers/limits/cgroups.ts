import { errnoOf } from "#native/addon/failure.ts";
import type { Cgroup } from "#native/cgroup/cgroup.ts";
import { openCgroup } from "#native/cgroup/cgroup.ts";
import type { Delegation } from "#native/cgroup/delegation.ts";
import { errorChain, invalidArgument, type TboxError } from "#support/errors.ts";
import { parseSecurityOptions } from "../request/security-options.ts";
import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "../state/record.ts";
import { isRunning } from "../state/record.ts";
import { limitMode, resolveLimits } from "./resolve-limits.ts";

/** The part that a container with writable cgroups sees: its own limits lie above, out of its reach. */
const innerName = "inner";

/** Milliseconds until the removal of a cgroup is tried again while its last processes end; then twice as many. */
const firstWait = 2;
const longestWait = 4000;

/** Makes a container's cgroup with its limits; a descriptor to start it in, or nothing where there are none. */
export function makeCgroup(
  services: ContainerServices,
  record: ContainerRecord,
  delegation: Delegation,
): number | undefined {
  const { base } = delegation;
  const mode = limitMode(record.hostConfig.Annotations, services.limitMode);
  const { settings } = resolveLimits(record.hostConfig, delegation, mode);
  if (!base) return undefined;
  const parent = ensureParent(base, record.hostConfig.CgroupParent);
  const name = cgroupName(services, record.id);
  record.cgroup = `${parent.path}/${name}`;
  try {
    // Of a start that came to nothing.
    parent.removeChild(name);
    const descriptor = parent.prepareChild(name, settings);
    if (!isWritable(record)) return descriptor;
    const cgroup = openCgroup(record.cgroup);
    passOn(cgroup);
    return cgroup.prepareChild(innerName, []);
  } catch (cause) {
    throw refused(cause);
  }
}

/** Where one more program of a container is started. */
export function openContainerCgroup(record: ContainerRecord): number | undefined {
  if (record.cgroup === undefined) return undefined;
  const cgroup = openCgroup(record.cgroup);
  if (isWritable(record)) return cgroup.openChild(innerName);
  const slash = record.cgroup.lastIndexOf("/");
  return openCgroup(record.cgroup.slice(0, slash)).openChild(record.cgroup.slice(slash + 1));
}

/** The cgroup of a container that has one. */
export function cgroupOf({ cgroup }: Pick<ContainerRecord, "cgroup">): Cgroup | undefined {
  return cgroup === undefined ? undefined : openCgroup(cgroup);
}

/** Ends every process of a container at once, whoever started it. */
export function killCgroup(record: Pick<ContainerRecord, "cgroup">): void {
  try {
    cgroupOf(record)?.write("cgroup.kill", "1");
  } catch {
    // Gone already, or of a kernel before 5.14: what is in it ends with the container's PID 1.
  }
}

/** Ends whatever is left in a container's cgroup and removes it, as soon as the kernel lets go of it. */
export function dropCgroup(services: ContainerServices, record: ContainerRecord): void {
  const { cgroup: path } = record;
  if (path === undefined) return;
  delete record.cgroup;
  remove(services, path, firstWait);
}

/** Removes the cgroups of this store that no running container has. */
export function sweepCgroups(services: ContainerServices): void {
  const { base } = services.zygote.delegation;
  if (!base) return;
  const running = services.records.all().filter(isRunning);
  const known = new Set(running.map(({ cgroup }) => cgroup));
  const prefix = cgroupName(services, "");
  for (const name of base.children()) {
    const path = `${base.path}/${name}`;
    if (name.startsWith(prefix) && !known.has(path)) remove(services, path, firstWait);
  }
}

function remove(services: ContainerServices, path: string, wait: number): void {
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
    // The whole tree went with its scope.
    if (errnoOf(error) === "ENOENT") return;
    if (errnoOf(error) === "EBUSY" && wait <= longestWait) {
      setTimeout(() => remove(services, path, wait * 2), wait).unref();
    } else services.warn(`remove the cgroup ${path}`, error);
  }
}

/** What `--cgroup-parent` asked for goes with its last container. */
function removeEmptyParents({ zygote }: ContainerServices, path: string): void {
  const base = zygote.delegation.base?.path;
  for (let current = path; base && current.startsWith(`${base}/`); ) {
    const slash = current.lastIndexOf("/");
    const parent = openCgroup(current.slice(0, slash));
    if (openCgroup(current).children().length > 0) return;
    parent.removeChild(current.slice(slash + 1));
    current = parent.path;
  }
}

/** `--cgroup-parent` is a path below the place where this user's containers are. */
function ensureParent(base: Cgroup, asked: string | undefined): Cgroup {
  let parent = base;
  for (const name of parseCgroupParent(asked)) {
    parent = parent.ensureChild(name);
    passOn(parent);
  }
  return parent;
}

/** The parts of a `--cgroup-parent`; throws invalid-argument for what would lead elsewhere. */
export function parseCgroupParent(asked: string | undefined): string[] {
  const parts = (asked ?? "").split("/").filter((part) => part !== "");
  const bad = parts.some((part) => !/^[\w@:.-]{1,200}$/.test(part) || /^(\.|tbox[.-]|cgroup\.)/.test(part));
  if (bad) throw invalidArgument(`invalid cgroup parent: ${asked}`);
  return parts;
}

/** Lets the children of a cgroup be limited by all that it is limited by itself. */
function passOn(cgroup: Cgroup): void {
  const offered = cgroup.read("cgroup.controllers").trim();
  if (offered === "") return;
  cgroup.write("cgroup.subtree_control", offered.replace(/\b(?=\w)/g, "+"));
}

function cgroupName({ store }: Pick<ContainerServices, "store">, id: string): string {
  // Several stores may have their containers in the same place.
  return `tbox-${Bun.hash.crc32(store).toString(16).padStart(8, "0")}-${id}`;
}

function isWritable({ hostConfig }: ContainerRecord): boolean {
  return parseSecurityOptions(hostConfig.SecurityOpt ?? []).writableCgroups;
}

function refused(cause: unknown): TboxError {
  return invalidArgument(`limit the container: ${errorChain(cause)}`);
}
