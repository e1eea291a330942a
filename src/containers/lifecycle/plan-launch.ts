import { homedir } from "node:os";
import { compileSeccomp } from "#native/addon/seccomp.ts";
import type { KeepId, Mount } from "#native/protocol/launch.ts";
import type { Launch } from "#native/zygote/zygote.ts";
import type { DiffId } from "#oci/digest.ts";
import { never } from "#support/time/timestamp.ts";
import { type EtcFile, etcMounts, withEtcMounts } from "../networking/etc-files.ts";
import type { ApiSocket } from "../request/api-socket.ts";
import { planCapabilities } from "../request/capabilities.ts";
import type { HostConfig } from "../request/create-request.ts";
import { programEnvironment } from "../request/environment.ts";
import { isIsolated } from "../request/isolation.ts";
import { planLog } from "../request/log-options.ts";
import { planMounts } from "../request/plan-mounts.ts";
import { defaultMaskedPaths, defaultReadonlyPaths } from "../request/protected-paths.ts";
import { parseSecurityOptions, type SecurityOptions } from "../request/security-options.ts";
import { planSysctls } from "../request/sysctls.ts";
import { parseUserns } from "../request/userns.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { layerPath } from "../state/layer-path.ts";
import { defaultShmSize, planShared } from "./shared-namespaces.ts";

/** Mounts and secrets of a build step. They exist in memory only. */
export interface StepExtras {
  mounts: Mount[];
  /** Secrets as `NAME=value`. */
  environment: string[];
}

export interface LaunchContext {
  /** Layers of the image; empty for a directory of the host. */
  diffIds: DiffId[];
  /** Layers of mounted images, by the names in the request. */
  mountedLayers?: ReadonlyMap<string, DiffId[]>;
  hostname: string;
  /** Network to run in. The default is the one in the record. */
  network?: Launch["network"];
  /** Monotonic time of the start request. The program receives the durations of the phases since then. */
  trace?: number;
  step?: StepExtras | undefined;
  /** Files below /etc that a directory of the host has and the container replaces. */
  hostEtcFiles?: EtcFile[];
  /** Environment variables of links. */
  linked?: string[];
  /** Sources of bind mounts that are the API's socket are replaced by its path. */
  socket?: ApiSocket;
}

/** Plans the launch of a container for the helper. Throws for settings that the helper does not support. */
export function planLaunch(
  record: ContainerRecord,
  {
    diffIds,
    mountedLayers,
    hostname,
    network,
    trace,
    step,
    linked,
    socket,
    hostEtcFiles = [],
  }: LaunchContext,
): Launch {
  const { id, path, args, config, hostConfig: host } = record;
  const tty = config.Tty ?? false;
  const [rows = 0, columns = 0] = host.ConsoleSize ?? [];
  const { noNewPrivileges, seccomp, writableCgroups, keepId = usernsOf(host) } = securityOf(host);
  const readonly = host.ReadonlyRootfs ?? false;
  const capabilities = planCapabilities(host.Privileged ? ["ALL"] : (host.CapAdd ?? []), host.CapDrop ?? []);
  return {
    id,
    root:
      config.Rootfs === undefined
        ? {
            type: "layers",
            diffIds: diffIds.map(layerPath),
            readonly,
            // A container that is removed at its exit has no files that must survive a power failure.
            volatile: (host.AutoRemove ?? false) || record.layers !== undefined,
            ...(step ? { targets: true } : {}),
          }
        : { type: "directory", path: config.Rootfs, readonly },
    mounts: [
      ...withEtcMounts(
        etcMounts(readonly, config.Rootfs === undefined ? undefined : hostEtcFiles),
        planMounts(host, record.volumes, mountedLayers).mounts.map((mount) => withSocket(mount, socket)),
      ),
      ...(step?.mounts ?? []),
    ],
    hostname,
    ...(config.Domainname ? { domainname: config.Domainname } : {}),
    network: network ?? record.shared ?? { type: host.NetworkMode === "host" ? "host" : "none" },
    shared: planShared(record),
    shmSize: host.IpcMode === "none" ? 0 : host.ShmSize || defaultShmSize,
    sysctls: planSysctls(host),
    maskedPaths: host.MaskedPaths ?? (host.Privileged ? [] : defaultMaskedPaths),
    readonlyPaths: host.ReadonlyPaths ?? (host.Privileged ? [] : defaultReadonlyPaths),
    process: {
      args: [path, ...args],
      env: programEnvironment([...homeOf(config), ...(config.Env ?? []), ...(step?.environment ?? [])], {
        hostname,
        tty,
        linked,
      }),
      cwd: config.WorkingDir || "/",
      user: config.User ?? "",
      groups: host.GroupAdd ?? [],
      ...(keepId ? { keepId: { ...keepId, firstStart: record.state.startedAt === never } } : {}),
      // Programs fail on a terminal of size zero.
      ...(tty ? { tty: { columns: columns || 80, rows: rows || 24 } } : {}),
      openStdin: config.OpenStdin ?? false,
      stdinOnce: config.StdinOnce ?? false,
      umask: 0o022,
      capabilities,
      noNewPrivileges,
      seccomp: typeof seccomp === "string" ? seccomp : compileSeccomp(seccomp.profile, capabilities),
      rlimits: (host.Ulimits ?? []).map(({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard })),
      ...(host.OomScoreAdj ? { oomScoreAdjustment: host.OomScoreAdj } : {}),
      init: host.Init ?? false,
      ...(trace === undefined ? {} : { trace }),
    },
    log: planLog(host.LogConfig),
    cgroupWritable: writableCgroups,
    ...(isIsolated(record, step) ? { isolated: true } : {}),
    durableExit: !host.AutoRemove && record.layers === undefined,
  };
}

/**
 * Returns the home directory of root in a container on the host's own root: that of the user, who is root there and could
 * not read `/root`. Other variables of the request replace it.
 */
function homeOf({ Rootfs, User = "", Env = [] }: ContainerRecord["config"]): string[] {
  const isRoot = /^(|0|root)(:.*)?$/.test(User);
  const given = Env.some((entry) => entry.startsWith("HOME="));
  return Rootfs === "/" && isRoot && !given ? [`HOME=${homedir()}`] : [];
}

function usernsOf({ UsernsMode = "" }: HostConfig): KeepId | undefined {
  return parseUserns(UsernsMode, "HostConfig.UsernsMode");
}

function withSocket(mount: Mount, socket: ApiSocket | undefined): Mount {
  return mount.type === "bind" && socket ? { ...mount, source: socket.resolve(mount.source) } : mount;
}

/** Returns the confinement of a container. A privileged container has only the restrictions that its options name. */
function securityOf({ SecurityOpt = [], Privileged = false }: HostConfig): SecurityOptions {
  const options = parseSecurityOptions(SecurityOpt);
  if (!Privileged) return options;
  const seccomp = options.seccomp === "default" ? "unconfined" : options.seccomp;
  return { ...options, seccomp, writableCgroups: true };
}
