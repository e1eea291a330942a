import type { ImageConfig } from "#oci/config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { DiffId, Digest } from "#oci/digest.ts";
import type { InlineStep } from "#oci/inline-cache.ts";
import type { Platform } from "#oci/platform.ts";

export type Settings = NonNullable<ImageConfig["config"]>;
export type HistoryEntry = NonNullable<ImageConfig["history"]>[number];

/** The state of a stage between two steps. */
export interface StageState {
  platform: Platform;
  settings: Settings;
  author?: string;
  /** Variables and arguments for the expansion of words and for programs. */
  environment: Record<string, string>;
  /** Declared arguments in order, for the history. */
  declared: string[];
  history: HistoryEntry[];
  /** Layers, base first. */
  diffIds: DiffId[];
  /** Descriptors of the layer blobs. */
  layers: Descriptor[];
  /** The base image, and the numbers of layers, history entries and ONBUILD triggers that come from it. */
  base: { layers: number; history: number; triggers: number; image?: Digest };
  /** ONBUILD triggers. */
  triggers: string[];
  /** Whether this stage has set a command. ENTRYPOINT resets only an inherited one. */
  hasCommand: boolean;
  /** Steps so far, for the inline cache. */
  steps: InlineStep[];
  /** Whether the stage ignores the cache. */
  fresh: boolean;
  /** Creation time of the newest layer, in milliseconds since the epoch. */
  created: number;
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Returns a stage without files. */
export function emptyStage(platform: Platform): StageState {
  return withPath(stageOfSettings({}, platform));
}

/** Returns a stage without files that has the settings of an image. */
export function stageOfSettings({ OnBuild, ...settings }: Settings, platform: Platform): StageState {
  const entries = (settings.Env ?? []).map((entry): [string, string] => {
    const equals = entry.indexOf("=");
    return equals < 0 ? [entry, ""] : [entry.slice(0, equals), entry.slice(equals + 1)];
  });
  return {
    platform,
    settings,
    environment: Object.fromEntries(entries),
    declared: [],
    history: [],
    diffIds: [],
    layers: [],
    base: { layers: 0, history: 0, triggers: 0 },
    triggers: Array.isArray(OnBuild) ? OnBuild.filter((text) => typeof text === "string") : [],
    hasCommand: false,
    steps: [],
    fresh: false,
    created: 0,
  };
}

/** The parts of a base image that a stage starts from. */
interface BaseContent {
  id: Digest;
  config: ImageConfig;
  diffIds: DiffId[];
  layers: Descriptor[];
}

/** Returns a stage based on an image. */
export function stageOfImage({ id, config, diffIds, layers }: BaseContent, platform: Platform): StageState {
  const stage = stageOfSettings(config.config ?? {}, platform);
  return withPath({
    ...stage,
    ...(config.author === undefined ? {} : { author: config.author }),
    history: config.history ?? [],
    diffIds,
    layers,
    base: {
      layers: layers.length,
      history: config.history?.length ?? 0,
      triggers: stage.triggers.length,
      image: id,
    },
    created: Date.parse(config.created ?? "") || 0,
  });
}

/** Returns the initial state of a stage that is based on another stage, with the ONBUILD triggers of that stage. */
export function stageOfStage(stage: StageState): StageState {
  return { ...stage, hasCommand: false };
}

/** Adds a step with the index of its layer. */
export function withStep(stage: StageState, key: string, layer: number | null): StageState {
  return { ...stage, steps: [...stage.steps, { key, layer }] };
}

/** Adds the default PATH unless the image sets one. */
function withPath(stage: StageState): StageState {
  if (Object.hasOwn(stage.environment, "PATH")) return stage;
  return {
    ...stage,
    environment: { ...stage.environment, PATH: defaultPath },
    settings: { ...stage.settings, Env: [...(stage.settings.Env ?? []), `PATH=${defaultPath}`] },
  };
}

/** Adds a history entry, with its layer if the step created one. */
export function withHistory(
  stage: StageState,
  createdBy: string,
  layer?: { diffId: DiffId; descriptor: Descriptor; created: number } | { created: number },
): StageState {
  const created = layer?.created ?? stage.created;
  const kept = layer && "diffId" in layer ? layer : undefined;
  const entry: HistoryEntry = {
    created: new Date(created).toISOString(),
    created_by: createdBy,
    comment: "buildkit.dockerfile.v0",
    ...(kept ? {} : { empty_layer: true }),
  };
  return {
    ...stage,
    created,
    history: [...stage.history, entry],
    ...(kept ? { diffIds: [...stage.diffIds, kept.diffId], layers: [...stage.layers, kept.descriptor] } : {}),
  };
}
