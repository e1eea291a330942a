import type { LaunchRequest } from "#native/zygote/protocol.ts";
import type { EndpointSettings, NetworkNamespace } from "#network/network.ts";
import type { DiffId, Digest } from "#oci/digest.ts";
import type { BoundVolume } from "#volumes/volume-options.ts";
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
  /** 0 when not running. */
  pid: number;
  exitCode: number;
  oomKilled: boolean;
  /** Why the last start failed; empty otherwise. */
  error: string;
  /** RFC 3339 with nanoseconds; `0001-01-01T00:00:00Z` when it never happened. */
  startedAt: string;
  finishedAt: string;
  /** Of a container with a check, since its last start. */
  health?: HealthState;
}

export interface HealthState {
  status: "starting" | "healthy" | "unhealthy";
  /** Failures in a row. */
  failingStreak: number;
  /** The last probes, oldest first. */
  log: HealthProbe[];
}

export interface HealthProbe {
  /** RFC 3339. */
  start: string;
  end: string;
  /** -1 when it could not be run, or took too long. */
  exitCode: number;
  output: string;
}

/** When each phase of the last start ended, in microseconds since the request arrived. */
export interface PhaseTrace {
  name: string;
  microseconds: number;
}

export interface ContainerVolume {
  name: string;
  target: string;
  readonly: boolean;
  /** Whether it gets what the image has at the target while it is empty. */
  fill: boolean;
  /** Nobody gave it a name: it goes with the container where that is asked for. */
  anonymous: boolean;
  /** What of it is mounted; all when absent. */
  subpath?: string;
  /** For a volume that is yet to be made. */
  labels?: Record<string, string>;
  options?: Record<string, string>;
  /** The directory of the host that it stands for; absent for one that lies in the store. */
  bound?: BoundVolume;
}

/** What a container is made from, but for what belongs to this machine. */
export type ContainerConfig = Omit<CreateRequest, "HostConfig" | "Networks">;

/** Everything kept of a container; one row of the database. */
export interface ContainerRecord {
  id: string;
  /** Without the leading slash. */
  name: string;
  created: string;
  /** The image as the request named it. */
  image: string;
  /** Absent for containers on a host directory and for the steps of builds. */
  imageId?: Digest;
  /** Of a step of a build: what it runs on, base first. It does not outlive the daemon. */
  layers?: DiffId[];
  /** The program and its arguments as they run: entrypoint and command joined. */
  path: string;
  args: string[];
  /** The request merged with the image's configuration. */
  config: ContainerConfig;
  hostConfig: HostConfig;
  state: ContainerState;
  phases: PhaseTrace[];
  restartCount: number;
  /** Absent for none. */
  volumes?: ContainerVolume[];
  /** The networks it is to be on, by name; absent for those of others, and none. */
  networks?: Record<string, EndpointSettings>;
  /** While it runs in another container's network: where that is. */
  shared?: LaunchRequest["network"];
  /** What it runs in; absent while it does not run, and where it has no network of its own. */
  network?: NetworkNamespace;
  /** Path of its cgroup while it has one. */
  cgroup?: string;
  /** Whether the last end was asked for: `unless-stopped` containers are left alone then. */
  stoppedByUser?: boolean;
}

export function isRunning({ state }: Pick<ContainerRecord, "state">): boolean {
  return state.status === "running" || state.status === "paused";
}
