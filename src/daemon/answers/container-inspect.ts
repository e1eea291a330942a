import type { ContainerLink } from "#containers/networking/links.ts";
import type { ContainerRecord, HealthState } from "#containers/state/container-record.ts";
import type { ContainerSizes } from "./container-summary.ts";
import { shapeHostConfig } from "./host-config.ts";
import { mountPoints } from "./mount-points.ts";
import { containerNetworks, defaultAddresses, type Networks } from "./networks.ts";
import { shapePortMap } from "./ports.ts";

interface InspectContext {
  directory: string;
  execs: string[];
  networks: Networks;
  /** Its own. */
  links: ContainerLink[];
  sizes?: ContainerSizes | undefined;
}

/** `GET /containers/{id}/json`; `directory` is the store's, `execs` are IDs. */
export function shapeContainer(
  record: ContainerRecord,
  { directory, execs, networks, links, sizes }: InspectContext,
) {
  const own = `${directory}/containers/${record.id}`;
  const logs = record.hostConfig.LogConfig?.Type !== "none";
  return {
    Id: record.id,
    Created: record.created,
    Path: record.path,
    Args: record.args,
    State: shapeState(record),
    Image: record.imageId ?? "",
    ResolvConfPath: `${own}/resolv.conf`,
    HostnamePath: `${own}/hostname`,
    HostsPath: `${own}/hosts`,
    LogPath: logs ? `${own}/log/container.log` : "",
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
    Mounts: mountPoints(record, directory),
    Config: shapeConfig(record),
    NetworkSettings: {
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
      Networks: containerNetworks(record, networks),
    },
    Tbox: {
      Phases: record.phases.map(({ name, microseconds }) => ({ Name: name, Microseconds: microseconds })),
    },
  };
}

function shapeState({ state }: ContainerRecord) {
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

function shapeHealth({ status, failingStreak, log }: HealthState) {
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

function shapeConfig({ id, image, config }: ContainerRecord) {
  return {
    Hostname: id.slice(0, 12),
    Domainname: "",
    User: "",
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: [],
    Cmd: null,
    Image: image,
    WorkingDir: "",
    Entrypoint: null,
    OnBuild: null,
    Labels: {},
    ...config,
    Volumes: Object.keys(config.Volumes ?? {}).length > 0 ? config.Volumes : null,
  };
}
