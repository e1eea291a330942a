import { hostname } from "node:os";
import type { Shared, Sharing } from "#native/protocol/launch.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { CreateRequest, HostConfig } from "../request/create-request.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import type { ContainerRecords } from "../state/container-records.ts";
import { requireRunning } from "../state/require-running.ts";

/** Bytes of /dev/shm when the request has no size. */
export const defaultShmSize = 64 * 1024 * 1024;

/** Plans the namespaces that a container shares with the host or, by ID, with another container. */
export function planShared({ hostConfig: host, onHost = [] }: ContainerRecord): Shared {
  const pid = onHost.includes("PID") ? { type: "host" as const } : sharing(host.PidMode);
  const ipc = onHost.includes("IPC") ? { type: "host" as const } : sharing(host.IpcMode);
  return {
    ...(pid ? { pid } : {}),
    ...(ipc ? { ipc } : {}),
    ...(host.UTSMode === "host" ? { uts: true } : {}),
    ...(host.CgroupnsMode === "host" ? { cgroup: true } : {}),
  };
}

/** Checks the namespace modes of a request and replaces container names with IDs. Returns warnings. */
export function resolveNamespaceModes(
  records: ContainerRecords,
  host: HostConfig,
  config: Omit<CreateRequest, "HostConfig">,
): string[] {
  const container = { orContainer: true };
  checkMode("PID", host.PidMode, ["host"], container);
  checkMode("IPC", host.IpcMode, ["none", "private", "shareable", "host"], container);
  checkMode("UTS", host.UTSMode, ["host"]);
  checkMode("cgroup namespace", host.CgroupnsMode, ["private", "host"]);
  // Inspections show the host's name.
  const isOther = ({ Hostname }: typeof config) => Hostname && Hostname !== hostname();
  if (host.UTSMode === "host" && (isOther(config) || config.Domainname)) {
    throw invalidArgument("conflicting options: hostname and the UTS mode: the host's names would change");
  }
  const pid = namespaceOwner(records, host.PidMode);
  if (pid) host.PidMode = `container:${pid.id}`;
  const ipc = namespaceOwner(records, host.IpcMode);
  if (ipc) host.IpcMode = `container:${ipc.id}`;
  const ownMount = ["", "private", "shareable"].includes(host.IpcMode ?? "");
  // Inspections show the default size.
  if (ownMount || !host.ShmSize || host.ShmSize === defaultShmSize) return [];
  return [`ShmSize is discarded: with IPC mode ${host.IpcMode} the container has no /dev/shm of its own`];
}

/**
 * Prepares a start that joins the namespaces of other containers. Throws conflict if such a container does not run or
 * does not share them. Records the namespaces that belong to the host.
 */
export function resolveNamespaceOwners(records: ContainerRecords, record: ContainerRecord): void {
  const { PidMode, IpcMode } = record.hostConfig;
  const modes = [
    ["PID", PidMode],
    ["IPC", IpcMode],
  ] as const;
  const onHost = modes.filter(([kind, mode]) => {
    const owner = namespaceOwner(records, mode);
    if (!owner) return false;
    requireRunning(owner, `cannot join ${kind} of a non running container: ${owner.id}`);
    if (kind === "IPC") requireShareableIpc(owner);
    const ownMode = kind === "PID" ? owner.hostConfig.PidMode : owner.hostConfig.IpcMode;
    return ownMode === "host" || owner.onHost?.includes(kind) === true;
  });
  if (onHost.length > 0) record.onHost = onHost.map(([kind]) => kind);
}

/** Returns the containers whose namespaces a container joins. Those that do not exist are left out. */
export function namespaceOwners(
  records: Pick<ContainerRecords, "withId">,
  { hostConfig: { NetworkMode, PidMode, IpcMode } }: ContainerRecord,
): ContainerRecord[] {
  return [NetworkMode, PidMode, IpcMode].flatMap((mode) => records.withId(containerOf(mode) ?? "") ?? []);
}

/** Returns the name or ID in a mode `container:NAME`; nothing for other modes. */
function containerOf(mode = ""): string | undefined {
  return mode.startsWith("container:") ? mode.slice("container:".length) : undefined;
}

function sharing(mode: string | undefined): Sharing | undefined {
  if (mode === "host") return { type: "host" };
  const id = containerOf(mode);
  return id === undefined ? undefined : { type: "container", id };
}

function namespaceOwner(records: ContainerRecords, mode: string | undefined): ContainerRecord | undefined {
  const name = containerOf(mode);
  return name === undefined ? undefined : records.find(name);
}

function checkMode(
  kind: string,
  mode = "",
  known: string[],
  { orContainer }: { orContainer: boolean } = { orContainer: false },
): void {
  if (mode === "" || known.includes(mode)) return;
  if (orContainer && /^container:./.test(mode)) return;
  const allowed = orContainer ? [...known, "container:<name|id>"] : known;
  throw invalidArgument(`invalid ${kind} mode: ${mode}: it is ${allowed.join(", ")}`);
}

function requireShareableIpc({ id, hostConfig: { IpcMode = "private" } }: ContainerRecord): void {
  if (["shareable", "host"].includes(IpcMode) || containerOf(IpcMode) !== undefined) return;
  throw new TboxError(
    "conflict",
    `can't join IPC of container ${id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
  );
}
