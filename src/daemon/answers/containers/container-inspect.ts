import type {
  ContainerInspect,
  HealthAnswer,
  NetworkSettings,
  StateAnswer,
} from "#api/answers/container-inspect.ts";
import type { ContainerLink } from "#containers/networking/links.ts";
import type { ContainerRecord, HealthState } from "#containers/state/container-record.ts";
import { never } from "#support/time/timestamp.ts";
import { shapeConfig } from "./container-config.ts";
import type { ContainerSizes } from "./container-summary.ts";
import { defaultAddresses, type NetworkNames, shapeEndpoints } from "./endpoints.ts";
import { shapeHostConfig } from "./host-config.ts";
import { shapeMountPoints } from "./mount-points.ts";
import { shapePortMap } from "./ports.ts";

export interface InspectContext {
  /** Root of the store. */
  directory: string;
  /** IDs of the execs that run. */
  execs: string[];
  networks: NetworkNames;
  /** Links of the inspected container. */
  links: ContainerLink[];
  /** Present when the request asks for sizes. */
  sizes?: ContainerSizes | undefined;
}

/** Returns the answer of `GET /containers/{id}/json`. */
export function shapeContainer(record: ContainerRecord, context: InspectContext): ContainerInspect {
  const { directory, execs, networks, links, sizes } = context;
  const files = `${directory}/containers/${record.id}`;
  const logs = ["", "json-file"].includes(record.hostConfig.LogConfig?.Type ?? "");
  return {
    Id: record.id,
    Created: record.created,
    Path: record.path,
    Args: record.args,
    State: shapeState(record),
    Image: record.imageId ?? "",
    ResolvConfPath: `${files}/resolv.conf`,
    HostnamePath: `${files}/hostname`,
    HostsPath: `${files}/hosts`,
    LogPath: logs && record.state.startedAt !== never ? `${files}/${record.id}-json.log` : "",
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: "overlay",
    Platform: "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: execs.length > 0 ? execs : null,
    HostConfig: shapeHostConfig(record.hostConfig, links),
    GraphDriver: { Name: "overlay", Data: {} },
    ...(sizes === undefined ? {} : { SizeRw: sizes.writable, SizeRootFs: sizes.root }),
    Mounts: shapeMountPoints(record, directory),
    Config: shapeConfig(record),
    NetworkSettings: shapeNetworkSettings(record, networks),
    Tbox: {
      Phases: record.phases.map(({ name, microseconds }) => ({ Name: name, Microseconds: microseconds })),
    },
  };
}

function shapeState({ state }: ContainerRecord): StateAnswer {
  return {
    Status: state.status,
    Running: state.status === "running" || state.status === "paused" || state.status === "restarting",
    Paused: state.status === "paused",
    Restarting: state.status === "restarting",
    OOMKilled: state.oomKilled,
    Dead: state.status === "dead",
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt,
    FinishedAt: state.finishedAt,
    ...(state.health ? { Health: shapeHealth(state.health) } : {}),
  };
}

function shapeHealth({ status, failingStreak, log }: HealthState): HealthAnswer {
  return {
    Status: status,
    FailingStreak: failingStreak,
    Log: log.map(({ start, end, exitCode, output }) => ({
      Start: start,
      End: end,
      ExitCode: exitCode,
      Output: output,
    })),
  };
}

function shapeNetworkSettings(record: ContainerRecord, networks: NetworkNames): NetworkSettings {
  return {
    Bridge: "",
    SandboxID: "",
    SandboxKey: "",
    Ports: shapePortMap(record),
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    ...defaultAddresses(record),
    Networks: shapeEndpoints(record, networks),
  };
}
