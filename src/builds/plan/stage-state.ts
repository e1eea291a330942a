import type { ImageConfig } from "#oci/config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { DiffId } from "#oci/digest.ts";
import type { InlineStep } from "#oci/inline-cache.ts";
import type { Platform } from "#oci/platform.ts";

export type Settings = NonNullable<ImageConfig["config"]>;
export type HistoryEntry = NonNullable<ImageConfig["history"]>[number];

/** A stage as far as it is built. */
export interface StageState {
  platform: Platform;
  settings: Settings;
  author?: string;
  /** Variables of the image and arguments, as words are expanded with and programs are run with. */
  environment: Record<string, string>;
  /** Arguments that were declared, in order, for the history. */
  declared: string[];
  history: HistoryEntry[];
  /** Base first. */
  diffIds: DiffId[];
  /** Blobs of the layers. */
  layers: Descriptor[];
  /** How many of the layers, and lines of the history, are of an image that was there before. */
  base: { layers: number; history: number };
  /** Instructions that an image built on this one begins with. */
  triggers: string[];
  /** Whether this stage has set a command: an entrypoint takes away only one that was there before. */
  hasCommand: boolean;
  /** Its steps so far, for who takes them from the image. */
  steps: InlineStep[];
  /** Whether nothing that is known may serve. */
  fresh: boolean;
  /** When the newest layer was made, in milliseconds since the epoch. */
  created: number;
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A stage without files. */
export function emptyStage(platform: Platform): StageState {
  return withPath({
    platform,
    settings: {},
    environment: {},
    declared: [],
    history: [],
    diffIds: [],
    layers: [],
    base: { layers: 0, history: 0 },
    triggers: [],
    hasCommand: false,
    steps: [],
    fresh: false,
    created: 0,
  });
}

/** A stage that begins as an image is. */
export function stageOfImage(
  { config, diffIds, layers }: { config: ImageConfig; diffIds: DiffId[]; layers: Descriptor[] },
  platform: Platform,
): StageState {
  const { OnBuild, ...settings } = config.config ?? {};
  const entries = (settings.Env ?? []).map((entry): [string, string] => {
    const equals = entry.indexOf("=");
    return equals < 0 ? [entry, ""] : [entry.slice(0, equals), entry.slice(equals + 1)];
  });
  return withPath({
    platform,
    settings,
    ...(config.author === undefined ? {} : { author: config.author }),
    environment: Object.fromEntries(entries),
    declared: [],
    history: config.history ?? [],
    diffIds,
    layers,
    base: { layers: layers.length, history: config.history?.length ?? 0 },
    triggers: Array.isArray(OnBuild) ? OnBuild.filter((text) => typeof text === "string") : [],
    hasCommand: false,
    steps: [],
    fresh: false,
    created: Date.parse(config.created ?? "") || 0,
  });
}

/** A stage that begins as another one ends; what that one puts off is done here. */
export function stageOfStage(stage: StageState): StageState {
  return { ...stage, hasCommand: false };
}

/** One more step, and the number of the layer it left. */
export function withStep(stage: StageState, key: string, layer: number | null): StageState {
  return { ...stage, steps: [...stage.steps, { key, layer }] };
}

/** Programs are always found somewhere. */
function withPath(stage: StageState): StageState {
  if (Object.hasOwn(stage.environment, "PATH")) return stage;
  return {
    ...stage,
    environment: { ...stage.environment, PATH: defaultPath },
    settings: { ...stage.settings, Env: [...(stage.settings.Env ?? []), `PATH=${defaultPath}`] },
  };
}

/** One more line of the history; `made` is when its layer was, if it left one. */
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
