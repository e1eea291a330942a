import type { Resources } from "#containers/limits/resources.ts";
import type { Progress } from "#images/transfer/image-transfer.ts";
import type { Digest } from "#oci/digest.ts";
import type { Platform } from "#oci/platform.ts";
import type { Reference } from "#oci/reference.ts";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import type { LineRange } from "./dockerfile/statement.ts";

/** Where the files of a build come from. */
export type ContextSource =
  /** A tar, compressed or not, or the text of a Dockerfile alone. */
  | { type: "stream"; body: ReadableStream<Uint8Array> }
  /** Of the same machine and user. */
  | { type: "directory"; path: string }
  /** A tar or a Dockerfile at an address. */
  | { type: "remote"; url: string }
  | { type: "none" };

export interface BuildRequest {
  context: ContextSource;
  /** In the context; the name of the text where that is given. */
  dockerfile: string;
  /** In place of the one in the context. */
  dockerfileText?: string;
  tags: Reference[];
  /** Tells what the checks find in the Dockerfile, and builds nothing. */
  checkOnly: boolean;
  /** Name or number of a stage; the last one when absent. */
  target?: string;
  arguments: Record<string, string>;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  noCache: boolean;
  /** Makes one layer of all that the build makes. */
  squash: boolean;
  /** Asks the registries even for base images that are here. */
  pull: boolean;
  platform?: Platform;
  /** Of RUN, where the instruction asks for none. */
  network?: string;
  extraHosts: string[];
  /** Bytes; 0 for the default. */
  shmSize: number;
  ulimits: { Name: string; Soft: number; Hard: number }[];
  /** What a RUN may use up. */
  resources: Resources;
  cgroupParent?: string;
  secrets: Map<string, Uint8Array>;
  /** Sockets of SSH agents, as paths of this machine. */
  agents: Map<string, string>;
  cacheFrom: CacheImages;
  /** Writes into the image what others need to take its steps from it. */
  inlineCache: boolean;
  /** Names of stages that are built anew. */
  noCacheStages: string[];
  /** Whether a RUN may ask for the host's network: a build that has it anyway gives nothing away. */
  allowHostNetwork: boolean;
  credentials: (domain: string) => RegistryCredentials | undefined;
  signal: AbortSignal;
}

/** Images whose steps may serve. */
export interface CacheImages {
  names: string[];
  /** Whether nothing else may, and only what is here: as Docker's classic builder has it. */
  only: boolean;
}

/** What a step is about. Numbers are those of the instructions in the file, from 1. */
export interface StepTitle {
  number: number;
  total: number;
  /** Name of its stage; absent when there is only one. */
  stage?: string;
  /** As it was written, on one line. */
  text: string;
}

export type BuildEvent =
  /** What is built, for whoever shows lines of it. */
  | { type: "dockerfile"; name: string; text: string }
  | { type: "started"; step: StepTitle }
  /** The program of a RUN is about to be started. */
  | { type: "running"; number: number; container: string }
  | { type: "output"; number: number; stream: "stdout" | "stderr"; text: string }
  /** The ID tells what the stage is by now, in twelve digits. */
  | { type: "finished"; number: number; cached: boolean; id: string; milliseconds: number }
  | { type: "pulling"; progress: Progress }
  /** The rule is that of a check of the Dockerfile. */
  | { type: "warning"; text: string; lines?: LineRange; rule?: string }
  /** In place of `built`. */
  | { type: "checked"; findings: number }
  | { type: "built"; image: Digest; tags: string[] };

/** Bytes; 0 stands for no such limit. */
export interface CacheLimits {
  /** Kept in any case. */
  reserved: number;
  /** The most that may stay. */
  most: number;
  /** Of the file system, to be left free. */
  free: number;
}

export interface PruneBuildOptions extends CacheLimits {
  /** Also what images have. */
  all: boolean;
  /** Only what was not used since, in milliseconds since the epoch. */
  until?: number;
  /** Docker's `filters`: id, type, description, inuse, shared, private; unknown keys are refused. */
  filters: Map<string, string[]>;
}

export interface PrunedBuilds {
  ids: string[];
  /** Bytes. */
  space: number;
}

/** One result of a step that is kept, or a directory that `RUN --mount=type=cache` keeps. */
export interface CacheUsage {
  id: string;
  type: "regular" | "exec.cachemount";
  description: string;
  /** Bytes of the disk; 0 of a layer that images have too. */
  size: number;
  created: number;
  lastUsed: number;
  uses: number;
  shared: boolean;
  inUse: boolean;
}

export interface Builder {
  /** Ends with `built`, or throws: a `DockerfileError` where lines of the Dockerfile are to blame. */
  build(request: BuildRequest): AsyncGenerator<BuildEvent>;
  /** The files of an image as a tar, without anything that a container has besides. */
  files(image: string): AsyncGenerator<Uint8Array>;
  prune(options: PruneBuildOptions): Promise<PrunedBuilds>;
  usage(): Promise<CacheUsage[]>;
}
