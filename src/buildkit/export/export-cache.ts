import type { ExportTarget } from "#images/export/image-exports.ts";
import type { CacheStep } from "#oci/cache-config.ts";
import { withDefaultTag } from "#oci/reference.ts";
import { errorChain } from "#support/errors.ts";
import type { BuildScope } from "../frontend/build-scope.ts";
import type { CacheExportOption } from "../frontend/cache-options.ts";
import type { ExportSource } from "./image-set.ts";

/** Exports the cache of a build; returns the entries for the answer of `Control.Solve`. */
export async function exportCache(
  scope: BuildScope,
  cache: CacheExportOption,
  source: ExportSource,
): Promise<Map<string, string>> {
  // The image of the build has an inline cache.
  if (cache.type === "inline") return new Map();
  const place = cache.type === "local" ? "client directory" : "registry";
  const title = `exporting cache to ${place}`;
  const { services, signal, vertices } = scope;
  try {
    return await vertices.during(title, async (vertex) => {
      const steps = stepsOf(scope, cache.mode, source);
      const target = await targetOf(scope, cache);
      const options = { signal, report: vertex.progress };
      const top = await services.images.sendCache({ steps, ...cache }, target, options);
      if (top === undefined) {
        vertex.log(2, "the build has no layers to export\n");
        return new Map();
      }
      vertex.part(`writing cache manifest ${top.digest}`, { done: true });
      return new Map([["cache.manifest", JSON.stringify(top)]]);
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!cache.ignoreError) throw error;
    vertices.start(`ignoring the error: ${errorChain(error)}`).finish();
    return new Map();
  }
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
  cache: Exclude<CacheExportOption, { type: "inline" }>,
): Promise<ExportTarget> {
  if (cache.type === "local") {
    return { type: "store", destination: await scope.output.store(cache.store) };
  }
  const { insecure } = cache;
  const reference = withDefaultTag(cache.reference);
  const credentials = await scope.output.credentials(reference.domain);
  return { type: "registry", reference, credentials, insecure };
}
