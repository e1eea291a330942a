import type { Mount } from "#native/zygote/protocol.ts";
import type { Launch } from "#native/zygote/zygote.ts";
import { type DiffId, splitDigest } from "#oci/digest.ts";
import { etcMounts } from "../networking/etc-files.ts";
import { planCapabilities } from "../request/capabilities.ts";
import type { HostConfig } from "../request/create-request.ts";
import { programEnvironment } from "../request/environment.ts";
import { planLog } from "../request/log-options.ts";
import { planMounts } from "../request/mounts.ts";
import { defaultMaskedPaths, defaultReadonlyPaths } from "../request/protected-paths.ts";
import { parseSecurityOptions, type SecurityOptions } from "../request/security-options.ts";
import { planSysctls } from "../request/sysctls.ts";
import type { ContainerRecord } from "../state/record.ts";
import { planShared } from "./shared-namespaces.ts";

const defaultShmSize = 64 * 1024 * 1024;

/** What a step of a build has besides, known to nobody but its launch. */
export interface StepExtras {
  mounts: Mount[];
  /** `NAME=value` of secrets. */
  environment: string[];
}

export interface LaunchContext {
  /** Of the image; none for a directory of the host. */
  diffIds: DiffId[];
  hostname: string;
  /** Where it is to run; without it as far as the record tells. */
  network?: Launch["network"];
  /** When the start was asked for, if the program is to be shown the phases since then. */
  trace?: number;
  step?: StepExtras | undefined;
  /** Variables of links. */
  linked?: string[];
}

/** Everything the helper needs to know to start a container; refuses what it cannot do. */
export function planLaunch(
  record: ContainerRecord,
  { diffIds, hostname, network, trace, step, linked }: LaunchContext,
): Launch {
  const { id, path, args, config, hostConfig: host } = record;
  const tty = config.Tty ?? false;
  const [rows = 0, columns = 0] = host.ConsoleSize ?? [];
  const { noNewPrivileges, seccomp, writableCgroups, keepId } = securityOf(host);
  const readonly = host.ReadonlyRootfs ?? false;
  return {
    id,
    root:
      config.Rootfs === undefined
        ? {
            type: "layers",
            diffIds: diffIds.map(layerPath),
            readonly,
            // What is removed at its exit need not survive a loss of power.
            volatile: (host.AutoRemove ?? false) || record.layers !== undefined,
            ...(step ? { targets: true } : {}),
          }
        : { type: "directory", path: config.Rootfs, readonly },
    mounts: [
      ...(config.Rootfs === undefined ? etcMounts(readonly) : []),
      ...planMounts(host, record.volumes).mounts,
      ...(step?.mounts ?? []),
    ],
    hostname,
    ...(config.Domainname ? { domainname: config.Domainname } : {}),
    network: network ?? record.shared ?? { type: host.NetworkMode === "host" ? "host" : "none" },
    shared: planShared(host),
    shmSize: host.IpcMode === "none" ? 0 : host.ShmSize || defaultShmSize,
    sysctls: planSysctls(host),
    maskedPaths: host.MaskedPaths ?? (host.Privileged ? [] : defaultMaskedPaths),
    readonlyPaths: host.ReadonlyPaths ?? (host.Privileged ? [] : defaultReadonlyPaths),
    process: {
      args: [path, ...args],
      env: programEnvironment([...(config.Env ?? []), ...(step?.environment ?? [])], {
        hostname,
        tty,
        linked,
      }),
      cwd: config.WorkingDir || "/",
      user: config.User ?? "",
      groups: host.GroupAdd ?? [],
      keepId: keepId || host.UsernsMode === "keep-id",
      // A terminal without a size would confuse what asks for it.
      ...(tty ? { tty: { columns: columns || 80, rows: rows || 24 } } : {}),
      openStdin: config.OpenStdin ?? false,
      stdinOnce: config.StdinOnce ?? false,
      umask: 0o022,
      capabilities: planCapabilities(host.Privileged ? ["ALL"] : (host.CapAdd ?? []), host.CapDrop ?? []),
      noNewPrivileges,
      seccomp,
      rlimits: (host.Ulimits ?? []).map(({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard })),
      ...(host.OomScoreAdj ? { oomScoreAdjustment: host.OomScoreAdj } : {}),
      init: host.Init ?? false,
      ...(trace === undefined ? {} : { trace }),
    },
    log: planLog(host.LogConfig),
    cgroupWritable: writableCgroups,
    durableExit: !host.AutoRemove && record.layers === undefined,
  };
}

/** What is confined of a container; of a privileged one only what is asked for by name. */
function securityOf({ SecurityOpt = [], Privileged = false }: HostConfig): SecurityOptions {
  const asked = parseSecurityOptions(SecurityOpt);
  if (!Privileged) return asked;
  const noNewPrivileges = asked.noNewPrivileges && SecurityOpt.some((option) => option.startsWith("no-new"));
  return { ...asked, noNewPrivileges, seccomp: "unconfined", writableCgroups: true };
}

/** As the helper names a layer. */
export function layerPath(diffId: DiffId): string {
  const { algorithm, hex } = splitDigest(diffId);
  return `${algorithm}/${hex}`;
}
