import type { ImageConfig } from "#oci/config.ts";
import { type Digest, digestOf } from "#oci/digest.ts";
import { encodeJson } from "#oci/encode-json.ts";
import { inlineCache } from "#oci/inline-cache.ts";
import { invalidArgument } from "#support/errors.ts";
import { cacheKey } from "../cache/build-cache.ts";
import { type StageState, withHistory } from "../plan/stage-state.ts";
import type { BuildRun } from "./build-run.ts";
import { labelText } from "./classic-steps.ts";
import { squash } from "./squash.ts";

/** Maximum number of layers of an image: Docker's limit, which is close to the limit of overlayfs. */
const mostLayers = 127;

/** Time of a setting in a stage that has no layer yet. */
const unknownTime = new Date(0).toISOString();

/** The image of a build. */
export interface FinishedImage {
  id: Digest;
  /** Whether an earlier build created the same image. */
  cached: boolean;
  /** Whether the image was in the store before the build. */
  existed: boolean;
}

/** Syncs the layers of a stage to disk, then writes the image. */
export async function finishImage(run: BuildRun, built: StageState): Promise<FinishedImage> {
  const { services, request } = run;
  const stage = request.squash ? await squash(run, built) : built;
  if (stage.diffIds.length > mostLayers) {
    throw invalidArgument(`the image would have more than ${mostLayers} layers`);
  }
  const empty = stage.base.image === undefined && stage.history.length === 0;
  if (request.progress === "classic" && empty && Object.keys(request.labels).length === 0) {
    throw invalidArgument("No image was generated. Is your Dockerfile empty?");
  }
  const unchanged = unchangedBase(run, stage);
  if (unchanged !== undefined) {
    for (const tag of request.tags) await services.images.tag(unchanged, tag);
    return { id: unchanged, cached: true, existed: true };
  }
  await services.layers.sync();
  const { layers, base } = stage;
  const config = configOf(run, stage);
  const { created, cached } = creationTime(run, config);
  const dated = withDate(config, new Date(created).toISOString());
  const existed = services.images.findId(digestOf(encodeJson(dated))) !== undefined;
  const id = await services.images.write(
    {
      config: dated,
      layers,
      annotations: request.annotations,
      ...(base.image === undefined ? {} : { parent: base.image }),
    },
    request.tags,
  );
  return { id, cached, existed };
}

/** Sets the time of an image, also for the settings before its first layer. */
function withDate(config: ImageConfig, created: string): ImageConfig {
  const history = (config.history ?? []).map((entry) =>
    entry.empty_layer && entry.created === unknownTime ? { ...entry, created } : entry,
  );
  return { ...config, history, created };
}

/** Returns the base image if the build does not change it: Docker's classic builder then tags the base image. */
function unchangedBase(
  { request, epoch }: BuildRun,
  { base, history, triggers }: StageState,
): Digest | undefined {
  const { progress, labels, inlineCache: addsCache } = request;
  const adds = Object.keys(labels).length > 0 || addsCache || epoch !== undefined;
  // ONBUILD has no history entry.
  const same = history.length === base.history && triggers.length === 0 && base.triggers === 0;
  return progress === "classic" && !adds && same ? base.image : undefined;
}

function configOf(run: BuildRun, stage: StageState): ImageConfig {
  const { os, architecture, variant } = stage.platform;
  // Clients send the labels of a request in any order.
  const given = Object.entries(run.request.labels).sort(([a], [b]) => (a < b ? -1 : 1));
  const labels = { ...stage.settings.Labels, ...Object.fromEntries(given) };
  return {
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    ...(stage.author === undefined ? {} : { author: stage.author }),
    config: {
      ...stage.settings,
      ...(Object.keys(labels).length > 0 ? { Labels: labels } : {}),
      ...(stage.triggers.length > 0 ? { OnBuild: stage.triggers } : {}),
    },
    rootfs: { type: "layers", diff_ids: stage.diffIds },
    history: historyOf(run, stage),
    ...(run.request.inlineCache ? inlineCache(stage.steps) : {}),
  };
}

/** Returns the history of the image. Docker's classic builder also records the labels of the request. */
function historyOf({ request }: BuildRun, stage: StageState): StageState["history"] {
  if (request.progress !== "classic") return stage.history;
  const names = Object.keys(request.labels).sort();
  const labelled = names.reduce(
    (state, name) => withHistory(state, labelText(name, request.labels[name] ?? "")),
    stage,
  );
  return labelled.history;
}

/** Returns the time of the first build of this configuration, so that a fully cached build creates the same image. */
function creationTime(
  { epoch, request, services }: BuildRun,
  config: ImageConfig,
): { created: number; cached: boolean } {
  if (epoch !== undefined) return { created: epoch * 1000, cached: false };
  const key = cacheKey(["image", config]);
  const known = request.noCache ? undefined : services.cache.find(key);
  if (known) {
    services.cache.use(known);
    return { created: known.created, cached: true };
  }
  const created = Date.now();
  services.cache.add({ key, description: "image", created });
  return { created, cached: false };
}
