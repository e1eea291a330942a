import { ExitError } from "../output/exit.ts";
import type { Invocation } from "../registry/command.ts";
import { absolutePath } from "../values/absolute-path.ts";
import { entriesOf, resolveEnvironment, toRecord } from "../values/entries.ts";
import { portBindings } from "../values/publish.ts";
import { anonymousVolumes, hasSource, parseBind } from "../values/volume.ts";
import { attachedStreams } from "./attached-streams.ts";
import type { ContainerFlags } from "./flags.ts";
import { healthcheck } from "./healthcheck.ts";
import { networking } from "./networking.ts";
import { nonEmpty } from "./non-empty.ts";
import { deviceRates, resources } from "./resources.ts";
import { parseSecurityOptions } from "./security.ts";

/** Parts of this program's environment that a create request depends on. */
export interface CreateContext {
  /** The caller's environment variables. */
  environment: Record<string, string | undefined>;
  /** The caller's working directory, for relative paths. */
  directory: string;
  /** Whether the container runs in the background. */
  detach: boolean;
  /** Reads `--env-file` and `--label-file`. */
  readEntries(path: string, kind: "env" | "label"): Promise<string[]>;
  /** Reads the seccomp profile of `--security-opt`. */
  readProfile(path: string): Promise<string>;
  /** Rows and columns of the caller's terminal. */
  consoleSize?: [number, number];
}

/** Returns the body of `POST /containers/create` for a command line. */
export async function createBody(
  { flags, given, positionals }: Invocation<ContainerFlags>,
  context: CreateContext,
): Promise<Record<string, unknown>> {
  const { readEntries } = context;
  const attached = attachedStreams(flags.attach, flags.interactive, context.detach);
  const variables = await entriesOf(flags["env-file"], flags.env, (path) => readEntries(path, "env"));
  const labels = await entriesOf(flags["label-file"], flags.label, (path) => readEntries(path, "label"));
  const { image, rootfs, command } = imageAndCommand(flags.rootfs, positionals, context.directory);
  const network = networking(flags);
  const security = await parseSecurityOptions(flags["security-opt"], context.readProfile);
  // JSON leaves out undefined members.
  return {
    Image: image,
    Rootfs: rootfs,
    Cmd: nonEmpty(command),
    // An empty entrypoint removes the entrypoint of the image.
    Entrypoint: flags.entrypoint === undefined ? undefined : [flags.entrypoint],
    Env: resolveEnvironment(variables, context.environment),
    User: flags.user,
    WorkingDir: flags.workdir,
    Hostname: flags.hostname,
    Domainname: flags.domainname,
    Labels: toRecord(labels),
    Tty: flags.tty,
    OpenStdin: flags.interactive,
    StdinOnce: flags.interactive && attached.has("stdin"),
    AttachStdin: attached.has("stdin"),
    AttachStdout: attached.has("stdout"),
    AttachStderr: attached.has("stderr"),
    Volumes: flags.volume.length > 0 ? anonymousVolumes(flags.volume) : undefined,
    ExposedPorts: exposedPorts(flags),
    Healthcheck: healthcheck(flags),
    StopSignal: flags["stop-signal"],
    StopTimeout: flags["stop-timeout"],
    HostConfig: { ...hostConfig(flags, given, context, network.mode), ...security },
    NetworkingConfig: network.config,
  };
}

type Flags = Invocation<ContainerFlags>["flags"];

// Empty lists skip `map` and `filter`, whose first call delays the start by 0.1 ms.
function hostConfig(
  flags: Flags,
  given: ReadonlySet<string>,
  { directory, consoleSize }: CreateContext,
  networkMode: string | undefined,
): Record<string, unknown> {
  return {
    AutoRemove: flags.rm,
    RestartPolicy: flags.restart,
    Binds: flags.volume.length > 0 ? binds(flags.volume, directory) : undefined,
    VolumesFrom: nonEmpty(flags["volumes-from"]),
    Mounts: flags.mount.length > 0 ? flags.mount.map((mount) => absoluteSource(mount, directory)) : undefined,
    Tmpfs: flags.tmpfs.length > 0 ? tmpfs(flags.tmpfs) : undefined,
    ReadonlyRootfs: flags["read-only"] || undefined,
    CapAdd: nonEmpty(flags["cap-add"]),
    CapDrop: nonEmpty(flags["cap-drop"]),
    GroupAdd: nonEmpty(flags["group-add"]),
    Ulimits: nonEmpty(flags.ulimit),
    Init: given.has("init") ? flags.init : undefined,
    Privileged: flags.privileged || undefined,
    UsernsMode: flags.userns,
    NetworkMode: networkMode,
    PortBindings: flags.publish.length > 0 ? portBindings(flags.publish.flat()) : undefined,
    PublishAllPorts: flags["publish-all"] || undefined,
    ShmSize: flags["shm-size"],
    LogConfig: logConfig(flags["log-driver"], flags["log-opt"]),
    ExtraHosts: nonEmpty(flags["add-host"]),
    Dns: nonEmpty(flags.dns),
    DnsSearch: nonEmpty(flags["dns-search"]),
    DnsOptions: nonEmpty(flags["dns-option"]),
    Annotations: annotations(flags),
    OomScoreAdj: flags["oom-score-adj"],
    CgroupParent: flags["cgroup-parent"],
    Devices: nonEmpty(flags.device),
    Sysctls: flags.sysctl.length > 0 ? toRecord(flags.sysctl) : undefined,
    PidMode: flags.pid,
    IpcMode: flags.ipc,
    UTSMode: flags.uts,
    CgroupnsMode: flags.cgroupns,
    Runtime: flags.runtime,
    ...resources(flags),
    ...deviceRates(flags),
    ConsoleSize: flags.tty ? consoleSize : undefined,
  };
}

function binds(volumes: string[], directory: string): string[] | undefined {
  return nonEmpty(volumes.filter(hasSource).map((volume) => parseBind(volume, directory)));
}

/** Returns the exposed ports, which include the published ones. */
function exposedPorts({ expose, publish }: Flags): Record<string, object> | undefined {
  const ports = [...expose.flat(), ...publish.flat().map(({ port }) => port)];
  return ports.length === 0 ? undefined : Object.fromEntries(ports.map((port) => [port, {}]));
}

function imageAndCommand(
  rootfs: string | undefined,
  positionals: string[],
  directory: string,
): { image?: string; rootfs?: string; command: string[] } {
  if (rootfs !== undefined) return { rootfs: absolutePath(rootfs, directory), command: positionals };
  const [image, ...command] = positionals;
  if (image === undefined) throw new ExitError("an IMAGE or --rootfs is required", 125);
  return { image, command };
}

function annotations({ annotation, limits }: Flags): Record<string, string> | undefined {
  const all = limits === undefined ? annotation : [...annotation, `tbox.limits=${limits}`];
  return all.length > 0 ? toRecord(all) : undefined;
}

function tmpfs(values: string[]): Record<string, string> {
  return Object.fromEntries(
    values.map((value) => {
      const colon = value.indexOf(":");
      return colon === -1 ? [value, ""] : [value.slice(0, colon), value.slice(colon + 1)];
    }),
  );
}

function logConfig(driver: string | undefined, options: string[]): Record<string, unknown> | undefined {
  if (driver === undefined && options.length === 0) return undefined;
  const bad = options.find((option) => !/^[^=]+=/.test(option));
  if (bad !== undefined) throw new ExitError(`invalid logging option "${bad}": it must be name=value`, 125);
  return { Type: driver ?? "", Config: toRecord(options) };
}

function absoluteSource<Mount extends { Type: string; Source?: string }>(
  mount: Mount,
  directory: string,
): Mount {
  if (mount.Type !== "bind" || mount.Source === undefined) return mount;
  return { ...mount, Source: absolutePath(mount.Source, directory) };
}
