import type { Resources } from "#containers/limits/resources.ts";
import type { Progress } from "#images/transfer/image-transfer.ts";
import type { RemoteContent } from "#images/transfer/remote-content.ts";
import type { CacheStep } from "#oci/cache-config.ts";
import type { Digest } from "#oci/digest.ts";
import type { Platform } from "#oci/platform.ts";
import type { Reference } from "#oci/reference.ts";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import type { TakenDirectory } from "./cache/local-contexts.ts";
import type { LineRange } from "./dockerfile/statement.ts";

/** The source of the build context. */
export type ContextSource =
  /** A tar, compressed or not, or the text of a Dockerfile alone. */
  | { type: "stream"; body: ReadableStream<Uint8Array> }
  /** A directory of this machine. */
  | { type: "directory"; path: string }
  /** A tar, a Dockerfile or a git repository at an address. */
  | { type: "remote"; url: string }
  /**
   * A directory that no other program changes during the build. `ignore` is the text of `.dockerignore`, which may be
   * missing from the directory.
   */
  | { type: "prepared"; directory: string; ignore: string }
  | { type: "none" };

/** Files or an image that a Dockerfile uses by a name: in FROM, in `--from`, or in place of a stage with this name. */
export type NamedContext =
  | { type: "image"; name: string }
  | { type: "files"; source: Exclude<ContextSource, { type: "stream" | "none" }> };

/** A value, or the promise of a value that the client has to send. */
type Awaitable<Value> = Value | Promise<Value>;

export interface BuildRequest {
  context: ContextSource;
  /** Path of the Dockerfile in the context; a display name when `dockerfileText` is given. */
  dockerfile: string;
  /** Text of the Dockerfile, instead of the file in the context. */
  dockerfileText?: string;
  tags: Reference[];
  /** Whether the Dockerfile is only checked. */
  checkOnly: boolean;
  /** Name or number of a stage; the last stage when absent. */
  target?: string;
  arguments: Record<string, string>;
  /** Replaces SOURCE_DATE_EPOCH as the upper bound for timestamps, but not as an argument. */
  epoch?: string;
  /** Names of arguments without a value. They have no effect, but the classic builder warns of those without an ARG. */
  unsetArguments?: string[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  noCache: boolean;
  /** Whether the new layers are merged into one. */
  squash: boolean;
  /** Whether base images are pulled even if they are in the store. */
  pull: boolean;
  platform?: Platform;
  /** Default network mode for RUN instructions. */
  network?: string;
  extraHosts: string[];
  /** Size of /dev/shm for RUN instructions, in bytes; 0 for the default. */
  shmSize: number;
  ulimits: { Name: string; Soft: number; Hard: number }[];
  /** Resource limits for RUN instructions. */
  resources: Resources;
  cgroupParent?: string;
  /** Named contexts by their normalized names: see `plan/context-name.ts`. */
  contexts: Map<string, NamedContext>;
  /** Returns the content of a secret; undefined for an unknown ID. */
  secret: (id: string) => Awaitable<Uint8Array | undefined>;
  /** Returns the path of an SSH agent's socket on this machine; undefined for an unknown ID. */
  agent: (id: string) => Awaitable<string | undefined>;
  cacheFrom: CacheImages;
  /** Whether the image records its cache keys, so that other builds can use the image as a cache. */
  inlineCache: boolean;
  /** Names of stages that do not use the cache. */
  noCacheStages: string[];
  /** Whether a RUN may use the host's network. */
  allowHostNetwork: boolean;
  /**
   * Order and numbers of the steps that are reported. `live`: as they happen. `classic`: stage by stage; ARG before the
   * first FROM and the labels of the request are steps, as in Docker's classic builder.
   */
  progress: "live" | "classic";
  credentials: (domain: string) => Awaitable<RegistryCredentials | undefined>;
  signal: AbortSignal;
}

/** Images and exported caches that a build takes results from. */
export interface CacheImages {
  names: string[];
  /** Caches that are not in a registry. */
  remotes?: RemoteContent[];
  /** Whether only results from these images are reused and none is pulled, as in Docker's classic builder. */
  only: boolean;
}

/** The title of a step. Steps have the numbers of their instructions in the file, from 1. */
export interface StepTitle {
  number: number;
  total: number;
  /** Name of the stage; absent when there is only one. */
  stage?: string;
  /** Source of the instruction on one line. */
  text: string;
  /** Text that progress output shows in place of the position and the instruction. */
  label?: string;
  /** Lines of the instruction; absent for labels of the request. */
  lines?: LineRange;
  /** Position among the steps of the stage that change files, from 1; absent for a step that changes settings only. */
  place?: { number: number; total: number };
}

export type BuildEvent =
  /** The Dockerfile, for error messages that quote its lines. */
  | { type: "dockerfile"; name: string; text: string }
  | { type: "started"; step: StepTitle }
  /** The program of a RUN is about to start. */
  | { type: "running"; number: number; container: string }
  | { type: "output"; number: number; stream: "stdout" | "stderr"; text: string }
  /**
   * `id` identifies the step's result: the first twelve hexadecimal digits of a hash, or of the image's ID for FROM.
   * FROM scratch has an empty `id`.
   */
  | { type: "finished"; number: number; cached: boolean; id: string; milliseconds: number }
  | { type: "pulling"; image: string; progress: Progress }
  /** Record of the build; precedes `built`. */
  | { type: "recorded"; record: BuildRecord }
  /** A warning; `rule` is set for findings of the Dockerfile checks. */
  | { type: "warning"; text: string; lines?: LineRange; rule?: string }
  /** The last event of a check, instead of `built`. */
  | { type: "checked"; findings: number }
  /** `existed` tells whether the image was in the store before the build. */
  | { type: "built"; image: Digest; tags: string[]; existed: boolean };

/** A source of a build from outside: an image, a file or a git commit. */
export type BuildMaterial =
  | { type: "image"; name: Reference; platform: Platform; digest: Digest }
  | { type: "address"; url: string; digest: string }
  | { type: "git"; url: string; commit: string };

/** A secret or an SSH agent that a build asks its client for. */
export interface RequestedResource {
  kind: "secret" | "ssh";
  id: string;
  /** Whether the build also works without it. */
  optional: boolean;
}

/** Record of a build, for exported caches and provenance. */
export interface BuildRecord {
  /** Steps of the result. */
  steps: CacheStep[];
  /** Steps of the stages that the result does not consist of. */
  otherSteps: CacheStep[];
  materials: BuildMaterial[];
  requested: RequestedResource[];
  /** SOURCE_DATE_EPOCH: upper bound for timestamps, in seconds. */
  epoch: number | undefined;
}

/** Limits of the build cache in bytes; 0 for no limit. */
export interface CacheLimits {
  /** Size that is never pruned. */
  reserved: number;
  /** Largest size of the cache. */
  most: number;
  /** Free space that the file system must have. */
  free: number;
}

export interface PruneBuildOptions extends CacheLimits {
  /** Whether items shared with images are pruned too. */
  all: boolean;
  /** Only items last used before this moment, in milliseconds since the epoch. */
  until?: number;
  /** Docker's filters: id, type, description, inuse, shared, private; throws for other keys. */
  filters: Map<string, string[]>;
}

export interface PrunedBuilds {
  ids: string[];
  /** Freed space in bytes. */
  space: number;
}

/** An item of the build cache: the result of a step, a cache mount, or the files of a client. */
export interface CacheUsage {
  id: string;
  type: "regular" | "exec.cachemount" | "source.local";
  description: string;
  /** Bytes on disk; 0 for a layer shared with images. */
  size: number;
  created: number;
  lastUsed: number;
  uses: number;
  shared: boolean;
  inUse: boolean;
}

export interface Builder {
  /** Builds an image. Ends with `built`, or throws a `DockerfileError` for errors with a location in the Dockerfile. */
  build(request: BuildRequest): AsyncGenerator<BuildEvent>;
  /** Exports the files of an image as a tar. */
  files(image: string): AsyncGenerator<Uint8Array>;
  /**
   * Returns a directory for the files that a client sends, empty or as an earlier build with the same key left it. Nobody
   * else uses it until it is disposed of.
   */
  takeDirectory(key: string): TakenDirectory;
  /** Creates an empty directory of the store, deleted when it is disposed of. */
  openScratch(): { directory: string } & Disposable;
  prune(options: PruneBuildOptions): Promise<PrunedBuilds>;
  usage(): Promise<CacheUsage[]>;
}
