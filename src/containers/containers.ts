import type { Duplex } from "node:stream";
import type { EndpointSettings } from "#network/network.ts";
import type { DiffId, Digest } from "#oci/digest.ts";
import type { PrunedContainers } from "./admin/prune.ts";
import type { ContainerStats } from "./admin/stats.ts";
import type { ProcessTable } from "./admin/top.ts";
import type { Execs } from "./exec/execs.ts";
import type { ContainerArchive, FileInContainer } from "./files/archive.ts";
import type { Change } from "./files/changes.ts";
import type { CommitContainerOptions } from "./files/commit.ts";
import type { Step, Workspace } from "./files/steps.ts";
import type { ContainerChanges } from "./lifecycle/update.ts";
import type { ContainerLink } from "./networking/links.ts";
import type { CreateRequest } from "./request/create-request.ts";
import type { ContainerRecord } from "./state/record.ts";

export type WaitCondition = "not-running" | "next-exit" | "removed";

export interface AttachOptions {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  /** Replays the log first. */
  logs: boolean;
  /** Stays attached; without it the stream ends after the replay. */
  stream: boolean;
  /** Docker's eight-byte frames, or bytes as they are. */
  framing: "multiplexed" | "raw";
}

export interface LogOptions {
  stdout: boolean;
  stderr: boolean;
  follow: boolean;
  /** Nanoseconds since the epoch, inclusive. */
  since?: bigint;
  until?: bigint;
  /** Number of last records; all when absent. */
  tail?: number;
  signal: AbortSignal;
}

export interface LogRecord {
  stream: "stdout" | "stderr";
  /** As logged: ends with a newline unless it is part of a longer line or the stream's last piece. */
  text: string;
  /** RFC 3339 with nanoseconds. */
  time: string;
}

export interface ListFilter {
  /** Also those that do not run. */
  all: boolean;
  limit?: number;
  /** Docker's `filters`; unknown keys are refused by name. */
  filters: Map<string, string[]>;
}

export interface ExitStatus {
  code: number;
  error?: string;
}

/** The containers of the store. `name` is a name (with or without `/`), an ID, or a unique ID prefix. */
export interface Containers extends AsyncDisposable {
  create(
    request: CreateRequest,
    options: { name?: string; platform?: string },
  ): Promise<{ id: string; warnings: string[] }>;
  /** Throws not-found with Docker's text `No such container: NAME`. */
  get(name: string): ContainerRecord;
  list(filter: ListFilter): ContainerRecord[];
  /** Streams from `attach` before the start miss no byte. A failed start ends them and throws. */
  start(name: string): Promise<"started" | "already-started">;
  /** Stops and starts. */
  restart(name: string, options: { timeout?: number; signal?: string }): Promise<void>;
  rename(name: string, wanted: string): Promise<void>;
  /** Those of the default network: of all containers, or of one. */
  links(of?: ContainerRecord): ContainerLink[];
  /** Takes a link from a container, at once if it runs; throws not-found. */
  unlink(name: string, alias: string): Promise<void>;
  /** Changes what may be changed of a container. */
  update(name: string, changes: ContainerChanges): { warnings: string[] };
  /** Stops every process where it is; needs a cgroup. */
  pause(name: string): Promise<void>;
  unpause(name: string): Promise<void>;
  /** What a container uses at this moment; nothing when it does not run. */
  stats(name: string): ContainerStats | undefined;
  /** `args` are those of `ps`. */
  top(name: string, args: string): Promise<ProcessTable>;
  /** Puts a container on one more network, or takes it from one: at once if it runs. */
  connect(name: string, connection: { network: string; settings: EndpointSettings }): Promise<void>;
  disconnect(name: string, network: string): Promise<void>;
  /** Removes those that do not run; filters `label`, `label!`, `until`. */
  prune(filters: Map<string, string[]>): Promise<PrunedContainers>;
  /** `timeout` in seconds before SIGKILL: the container's own when absent, for ever when negative. */
  stop(name: string, options: { timeout?: number; signal?: string }): Promise<"stopped" | "already-stopped">;
  kill(name: string, options: { signal?: string }): Promise<void>;
  /** Registers at once (before it returns its promise), so that a start afterwards is never missed. */
  wait(name: string, condition: WaitCondition, signal: AbortSignal): Promise<ExitStatus>;
  /** On a created container the stream comes alive at its start. */
  attach(name: string, options: AttachOptions): Promise<Duplex>;
  /** Once the promise resolves nothing of it is lost. */
  logs(name: string, options: LogOptions): Promise<AsyncIterable<LogRecord>>;
  resize(name: string, size: { columns: number; rows: number }): Promise<void>;
  remove(name: string, options: { force: boolean; volumes: boolean }): Promise<void>;
  /** What lies at a path, of a link itself. */
  stat(name: string, path: string): Promise<FileInContainer>;
  /** What lies at a path as a tar, whether the container runs or not. */
  archive(name: string, path: string): Promise<ContainerArchive>;
  /** The container's own files as a tar. */
  export(name: string): Promise<Duplex>;
  /** Unpacks a tar into the directory at a path. */
  extract(
    name: string,
    path: string,
    options: { archive: ReadableStream<Uint8Array>; keepKinds: boolean },
  ): Promise<void>;
  /** What it has changed of its image. */
  changes(name: string): Promise<Change[]>;
  /** Makes an image of it; gives the image's ID. */
  commit(name: string, options: CommitContainerOptions): Promise<Digest>;
  /** Makes the container of a build's step; gives what it will have changed, as a path in the store. */
  createStep(step: Step): Promise<{ id: string; upper: string }>;
  /** Makes a root of layers to copy files into. */
  openWorkspace(layers: DiffId[]): Workspace;
  /** Further programs in containers that run. */
  execs: Execs;
  /** Allocated bytes of the writable layer, measured by a worker. */
  size(name: string): Promise<number>;
  /** Bytes of the disk that each container's files take: what it changed, its log, and all else. */
  diskUsage(): Promise<Map<string, number>>;
}
