import type { Shared, Sharing } from "#native/zygote/protocol.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { CreateRequest, HostConfig } from "../request/create-request.ts";
import { type Fleet, isRunning } from "../services.ts";
import type { ContainerRecord } from "../state/record.ts";

/** What a container has in common with the host or another one; that one is named by its ID. */
export function planShared(host: HostConfig): Shared {
  const pid = sharing(host.PidMode);
  const ipc = sharing(host.IpcMode);
  return {
    ...(pid ? { pid } : {}),
    ...(ipc ? { ipc } : {}),
    ...(host.UTSMode === "host" ? { uts: true } : {}),
    ...(host.CgroupnsMode === "host" ? { cgroup: true } : {}),
  };
}

/** Checks the modes of a request and puts IDs in the place of names; gives warnings. */
export function settleModes(
  fleet: Fleet,
  host: HostConfig,
  config: Omit<CreateRequest, "HostConfig">,
): string[] {
  check("PID", host.PidMode, ["host"]);
  check("IPC", host.IpcMode, ["none", "private", "shareable", "host"]);
  check("UTS", host.UTSMode, ["host"], "alone");
  check("cgroup namespace", host.CgroupnsMode, ["private", "host"], "alone");
  if (host.UTSMode === "host" && (config.Hostname || config.Domainname)) {
    throw invalidArgument("conflicting options: hostname and the UTS mode: the host's names would change");
  }
  const pid = donor(fleet, host.PidMode);
  if (pid) host.PidMode = `container:${pid.id}`;
  const ipc = donor(fleet, host.IpcMode);
  if (ipc) {
    refusePrivate(ipc);
    host.IpcMode = `container:${ipc.id}`;
  }
  const own = ["", "private", "shareable"].includes(host.IpcMode ?? "");
  if (own || !host.ShmSize) return [];
  return [`ShmSize is discarded: with IPC mode ${host.IpcMode} the container has no /dev/shm of its own`];
}

/** Throws conflict when a container that is to be joined does not run. */
export function requireDonors(fleet: Fleet, { PidMode, IpcMode }: HostConfig): void {
  for (const [kind, mode] of [
    ["PID", PidMode],
    ["IPC", IpcMode],
  ] as const) {
    const record = donor(fleet, mode);
    if (!record || isRunning(record)) continue;
    throw new TboxError("conflict", `cannot join ${kind} of a non running container: ${record.id}`);
  }
}

function sharing(mode: string | undefined): Sharing | undefined {
  if (mode === "host") return { type: "host" };
  const id = containerOf(mode);
  return id === undefined ? undefined : { type: "container", id };
}

/** The container whose namespace a mode asks for, as it names it. */
export function containerOf(mode = ""): string | undefined {
  return mode.startsWith("container:") ? mode.slice("container:".length) : undefined;
}

function donor(fleet: Fleet, mode: string | undefined): ContainerRecord | undefined {
  const name = containerOf(mode);
  return name === undefined ? undefined : fleet.records.find(name);
}

function check(
  kind: string,
  mode = "",
  known: string[],
  others: "alone" | "containers" = "containers",
): void {
  if (mode === "" || known.includes(mode)) return;
  if (others === "containers" && /^container:./.test(mode)) return;
  const container = others === "containers" ? [...known, "container:<name|id>"] : known;
  throw invalidArgument(`invalid ${kind} mode: ${mode}: it is ${container.join(", ")}`);
}

function refusePrivate({ id, hostConfig: { IpcMode = "private" } }: ContainerRecord): void {
  if (["shareable", "host"].includes(IpcMode) || containerOf(IpcMode) !== undefined) return;
  throw new TboxError(
    "conflict",
    `can't join IPC of container ${id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
  );
}
