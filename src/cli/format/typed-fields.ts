import { isRecord } from "#support/json.ts";

/**
 * Fields of Docker's types that an answer can omit or set to null. A template prints such a field like Go's zero value:
 * a text or a number, nothing for a pointer, an empty list or map.
 */
type Fields = { readonly [name: string]: Zero | Fields };
type Zero = "" | 0 | false | null | typeof list | typeof map;

const list = Symbol("list");
const map = Symbol("map");

/** Returns an object of fields with the same zero value. */
function each(zero: Zero, names: string): Fields {
  return Object.fromEntries(names.split(" ").map((name) => [name, zero]));
}

const imageConfig: Fields = {
  ...each("", "User WorkingDir StopSignal"),
  ...each(list, "Env Entrypoint Cmd OnBuild Shell"),
  ...each(map, "ExposedPorts Volumes Labels"),
  Healthcheck: null,
  ArgsEscaped: false,
};

const containerConfig: Fields = {
  ...imageConfig,
  ...each("", "Hostname Domainname Image MacAddress"),
  ...each(false, "AttachStdin AttachStdout AttachStderr Tty OpenStdin StdinOnce NetworkDisabled"),
  StopTimeout: null,
};

const hostConfig: Fields = {
  ...each(
    "",
    "ContainerIDFile NetworkMode VolumeDriver CgroupnsMode IpcMode Cgroup PidMode UTSMode UsernsMode Runtime Isolation " +
      "CgroupParent CpusetCpus CpusetMems",
  ),
  ...each(
    0,
    "OomScoreAdj ShmSize CpuShares Memory NanoCpus BlkioWeight CpuPeriod CpuQuota CpuRealtimePeriod CpuRealtimeRuntime " +
      "KernelMemory KernelMemoryTCP MemoryReservation MemorySwap CpuCount CpuPercent IOMaximumIOps IOMaximumBandwidth",
  ),
  ...each(false, "AutoRemove Privileged PublishAllPorts ReadonlyRootfs"),
  ...each(
    list,
    "Binds VolumesFrom CapAdd CapDrop Dns DnsOptions DnsSearch ExtraHosts GroupAdd Links SecurityOpt BlkioWeightDevice " +
      "BlkioDeviceReadBps BlkioDeviceWriteBps BlkioDeviceReadIOps BlkioDeviceWriteIOps Devices DeviceCgroupRules " +
      "DeviceRequests Ulimits Mounts MaskedPaths ReadonlyPaths",
  ),
  ...each(map, "PortBindings Annotations StorageOpt Tmpfs Sysctls"),
  ...each(null, "MemorySwappiness OomKillDisable PidsLimit Init"),
};

const container: Fields = {
  ...each(
    "",
    "ResolvConfPath HostnamePath HostsPath LogPath Platform MountLabel ProcessLabel AppArmorProfile",
  ),
  ...each(list, "Args ExecIDs Mounts"),
  ...each(null, "SizeRw SizeRootFs ImageManifestDescriptor"),
  State: { Health: null, Error: "" },
  Config: containerConfig,
  HostConfig: hostConfig,
  NetworkSettings: {
    ...each(
      "",
      "Bridge SandboxID SandboxKey LinkLocalIPv6Address EndpointID Gateway GlobalIPv6Address IPAddress IPv6Gateway MacAddress",
    ),
    ...each(0, "LinkLocalIPv6PrefixLen GlobalIPv6PrefixLen IPPrefixLen"),
    ...each(list, "SecondaryIPAddresses SecondaryIPv6Addresses"),
    ...each(map, "Ports Networks"),
    HairpinMode: false,
  },
};

const image: Fields = {
  ...each("", "Parent Comment Created DockerVersion Author Architecture Variant Os OsVersion Container"),
  ...each(list, "RepoTags RepoDigests Manifests"),
  ...each(null, "ContainerConfig Descriptor"),
  ...each(0, "Size VirtualSize"),
  Config: imageConfig,
};

const volume: Fields = {
  ...each(map, "Labels Options Status"),
  ...each(null, "ClusterVolume UsageData"),
  CreatedAt: "",
};

const network: Fields = {
  ...each(map, "Containers Options Labels Services"),
  ...each(false, "EnableIPv4 EnableIPv6 Internal Attachable Ingress ConfigOnly"),
  Peers: list,
};

/** Returns an inspected object for a template: with the fields of its type, which `json` does not show. */
export function withTypedFields(object: unknown): unknown {
  if (!isRecord(object)) return object;
  const fields = [
    ["HostConfig", container],
    ["RootFS", image],
    ["Mountpoint", volume],
    ["IPAM", network],
  ] as const;
  const found = fields.find(([name]) => Object.hasOwn(object, name));
  if (found === undefined) return object;
  const typed = fill(object, found[1]);
  // Docker's types use ID; the answers use Id.
  if (Object.hasOwn(object, "Id") && !Object.hasOwn(object, "ID")) hide(typed, "ID", object.Id);
  return typed;
}

function fill(object: Record<string, unknown>, fields: Fields): Record<string, unknown> {
  const filled = { ...object };
  for (const [name, zero] of Object.entries(fields)) {
    const value = object[name];
    if (isFields(zero)) {
      if (isRecord(value)) filled[name] = fill(value, zero);
    } else if (value === undefined) {
      hide(filled, name, zeroOf(zero));
    } else if (value === null) {
      filled[name] = zeroOf(zero);
    }
  }
  return filled;
}

/** Adds a field that neither JSON nor a list of all fields shows. */
function hide(object: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: false });
}

/** Returns a zero value. Lists and maps are null in JSON, as in Go. */
function zeroOf(zero: Zero): unknown {
  if (zero !== list && zero !== map) return zero;
  return Object.defineProperty(zero === list ? [] : {}, "toJSON", { value: () => null, enumerable: false });
}

function isFields(zero: Zero | Fields): zero is Fields {
  return typeof zero === "object" && zero !== null;
}
