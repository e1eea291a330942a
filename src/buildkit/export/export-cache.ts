import type { ExportTarget } from "#images/export/image-exports.ts";
import type { CacheStep } from "#oci/cache-config.ts";
import { withDefaultTag } from "#oci/reference.ts";
import { errorChain } from "#support/errors.ts";
import { openPlace } from "../actions-cache/cache-place.ts";
import { openStore } from "../actions-cache/open-store.ts";
import type { BuildScope } from "../frontend/build-scope.ts";
import type { CacheExportOption } from "../frontend/cache-options.ts";
import type { Vertex } from "../progress/vertices.ts";
import type { ExportSource } from "./image-set.ts";

type SentCache = Exclude<CacheExportOption, { type: "inline" }>;

/** Names of the steps that export caches, by the type of the cache. */
const titles = {
  registry: "exporting cache to registry",
  local: "exporting cache to client directory",
  gha: "exporting to GitHub Actions Cache",
};

/** Exports the cache of a build; returns the entries for the answer of `Control.Solve`. */
export async function exportCache(
  scope: BuildScope,
  cache: CacheExportOption,
  source: ExportSource,
): Promise<Map<string, string>> {
  // The image of the build has an inline cache.
  if (cache.type === "inline") return new Map();
  const { signal, vertices } = scope;
  try {
    return await vertices.during(titles[cache.type], async (vertex) => {
      const exported = await send(scope, cache, { steps: stepsOf(scope, cache.mode, source), vertex });
      if (!exported) vertex.log(2, "the build has no layers to export\n");
      return exported ?? new Map();
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!cache.ignoreError) throw error;
    vertices.start(`ignoring the error: ${errorChain(error)}`).finish();
    return new Map();
  }
}

/** Sends a cache; returns the entries for the answer, undefined if the cache has no layers. */
async function send(
  scope: BuildScope,
  cache: SentCache,
  { steps, vertex }: { steps: CacheStep[]; vertex: Vertex },
): Promise<Map<string, string> | undefined> {
  const { images } = scope.services;
  const options = { signal: scope.signal, report: vertex.progress };
  if (cache.type === "gha") {
    const store = openStore(openPlace(cache.options));
    return (await images.storeCache({ steps, ...cache }, store, options)) ? new Map() : undefined;
  }
  const top = await images.sendCache({ steps, ...cache }, await targetOf(scope, cache), options);
  if (top === undefined) return undefined;
  vertex.part(`writing cache manifest ${top.digest}`, { done: true });
  return new Map([["cache.manifest", JSON.stringify(top)]]);
}

/** Returns the steps of all platforms, each once. */
function stepsOf({ results }: BuildScope, mode: "min" | "max", { images }: ExportSource): CacheStep[] {
  const steps = images.flatMap(({ id }) => {
    const record = results.get(id)?.record;
    return record ? [...record.steps, ...(mode === "max" ? record.otherSteps : [])] : [];
  });
  return [...new Map(steps.map((step) => [step.key, step])).values()];
}

async function targetOf(
  scope: BuildScope,
  cache: Exclude<SentCache, { type: "gha" }>,
): Promise<ExportTarget> {
  if (cache.type === "local") {
    return { type: "store", destination: await scope.output.store(cache.store) };
  }
  const { insecure } = cache;
  const reference = withDefaultTag(cache.reference);
  const credentials = await scope.output.credentials(reference.domain);
  return { type: "registry", reference, credentials, insecure };
}
