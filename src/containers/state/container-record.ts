import type { LaunchRequest } from "#native/protocol/launch.ts";
import type { EndpointSettings, NetworkNamespace } from "#network/network.ts";
import type { DiffId, Digest } from "#oci/digest.ts";
import type { VolumeBacking } from "#volumes/volume-options.ts";
import type { CreateRequest, HostConfig } from "../request/create-request.ts";

export type ContainerStatus =
  | "created"
  | "running"
  | "paused"
  | "restarting"
  | "removing"
  | "exited"
  | "dead";

export interface ContainerState {
  status: ContainerStatus;
  /** Process ID on the host; 0 when the container does not run. */
  pid: number;
  /**
   * Start time of that process in clock ticks since boot, which distinguishes it from a later process with the same ID;
   * absent after the exit.
   */
  startTicks?: number;
  exitCode: number;
  oomKilled: boolean;
  /** Reason for which the last start failed; otherwise empty. */
  error: string;
  /** RFC 3339 with nanoseconds; `0001-01-01T00:00:00Z` for never. */
  startedAt: string;
  finishedAt: string;
  /** Health since the last start; absent without a health check. */
  health?: HealthState;
}

export interface HealthState {
  status: "starting" | "healthy" | "unhealthy";
  /** Number of failures in a row. */
  failingStreak: number;
  /** Last probes, oldest first. */
  log: HealthProbe[];
}

export interface HealthProbe {
  /** RFC 3339. */
  start: string;
  end: string;
  /** Exit status; -1 after a timeout or a failed start. */
  exitCode: number;
  output: string;
}

/** End of a phase of the last start, in microseconds since the request arrived. */
export interface PhaseTrace {
  name: string;
  microseconds: number;
}

export interface ContainerVolume extends VolumeBacking {
  name: string;
  target: string;
  readonly: boolean;
  /** Whether an empty volume is filled with the image's files at the target. */
  fill: boolean;
  /** Whether the volume has a random name. Such a volume can be removed together with the container. */
  anonymous: boolean;
  /** Path in the volume that is mounted; the whole volume when absent. */
  subpath?: string;
  /** Labels of the volume if it must be created. */
  labels?: Record<string, string>;
  options?: Record<string, string>;
}

/** Portable part of a container's settings: everything except `HostConfig` and networks. */
export type ContainerConfig = Omit<CreateRequest, "HostConfig" | "Networks">;

/** Stored state of a container, one row of the database. */
export interface ContainerRecord {
  id: string;
  /** Without the leading slash. */
  name: string;
  created: string;
  /** Image name of the request. */
  image: string;
  /** Absent for containers on a host directory and for build steps. */
  imageId?: Digest;
  /** Layers of a build step, base first. A container with layers does not outlive the daemon. */
  layers?: DiffId[];
  /** Program; together with `args` the entrypoint followed by the command. */
  path: string;
  args: string[];
  /** Request merged with the image's configuration. */
  config: ContainerConfig;
  hostConfig: HostConfig;
  state: ContainerState;
  phases: PhaseTrace[];
  restartCount: number;
  /** Absent without volumes. */
  volumes?: ContainerVolume[];
  /** Images of mounts with the type `image`, by their names in the request; absent without such mounts. */
  mountedImages?: Record<string, Digest>;
  /** Endpoint settings by network name; absent in the modes `host`, `none` and `container`. */
  networks?: Record<string, EndpointSettings>;
  /** Network namespace of another container, while the container runs in it. */
  shared?: LaunchRequest["network"];
  /** Namespaces of the host that the modes `container:` share, since the last start; absent if there are none. */
  onHost?: ("PID" | "IPC")[];
  /** Network namespace of the running container; absent in the modes `host`, `none` and `container`. */
  network?: NetworkNamespace;
  /** Path of the cgroup; absent without one. */
  cgroup?: string;
  /** Whether a stop or kill caused the last exit. The daemon does not start such an `unless-stopped` container. */
  stoppedByUser?: boolean;
}

export function isRunning({ state }: Pick<ContainerRecord, "state">): boolean {
  return state.status === "running" || state.status === "paused";
}

/**
 * Returns whether the next daemon removes the container unless it runs. Such a container has a row in the database only while it
 * runs, or because of its volumes.
 */
export function isShortLived({ hostConfig, layers, volumes }: ContainerRecord): boolean {
  return (hostConfig.AutoRemove === true || layers !== undefined) && volumes === undefined;
}
