import type { ImageConfig } from "#oci/config.ts";
import type { Digest } from "#oci/digest.ts";
import { inlineCache } from "#oci/inline-cache.ts";
import { invalidArgument } from "#support/errors.ts";
import { cacheKey } from "../cache/build-cache.ts";
import type { StageState } from "../plan/stage-state.ts";
import type { BuildRun } from "./build-run.ts";
import { squash } from "./squash.ts";

/** Most layers of an image: Docker's limit, which is close to the limit of overlayfs. */
const mostLayers = 127;

/** Syncs the layers of a stage to disk, then writes the image; returns the image's ID. */
export async function finishImage(run: BuildRun, built: StageState): Promise<Digest> {
  const { services, request } = run;
  const stage = request.squash ? await squash(run, built) : built;
  if (stage.diffIds.length > mostLayers) {
    throw invalidArgument(`the image would have more than ${mostLayers} layers`);
  }
  await services.layers.sync();
  const { layers } = stage;
  const config = configOf(run, stage);
  return services.images.write({ config, layers, annotations: request.annotations }, request.tags);
}

function configOf(run: BuildRun, stage: StageState): ImageConfig {
  const { os, architecture, variant } = stage.platform;
  const labels = { ...stage.settings.Labels, ...run.request.labels };
  const config: ImageConfig = {
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
    history: stage.history,
    ...(run.request.inlineCache ? inlineCache(stage.steps) : {}),
  };
  return { ...config, created: new Date(creationTime(run, config)).toISOString() };
}

/** Returns the time of the first build of this configuration, so that a fully cached build creates the same image. */
function creationTime({ epoch, request, services }: BuildRun, config: ImageConfig): number {
  if (epoch !== undefined) return epoch * 1000;
  const key = cacheKey(["image", config]);
  const known = request.noCache ? undefined : services.cache.find(key);
  if (known) {
    services.cache.use(known);
    return known.created;
  }
  const created = Date.now();
  services.cache.add({ key, description: "image", created });
  return created;
}
