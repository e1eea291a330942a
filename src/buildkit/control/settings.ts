import { TboxError } from "#support/errors.ts";
import { commonEpoch, type Exporter } from "../export/exporters.ts";
import type { CacheExportOption } from "../frontend/cache-options.ts";
import type { SolveSettings } from "../frontend/solve-dockerfile.ts";
import type { SolveRequest } from "../protocol/control.ts";

/** Returns the settings of a request besides its front end's options; throws for a setting that is not supported. */
export function readSolveSettings(
  { entitlements, definition, sourcePolicy, sourcePolicySession, proxyNetwork }: SolveRequest,
  { exporters, caches }: { exporters: Exporter[]; caches: CacheExportOption[] },
): SolveSettings {
  if ((definition?.operations ?? []).length > 0)
    throw unsupported("builds from a definition without a front end");
  if (sourcePolicy !== undefined || sourcePolicySession !== "") throw unsupported("source policies");
  if (proxyNetwork) throw unsupported("proxy networks");
  const unknown = entitlements.find((name) => name !== "network.host");
  if (unknown !== undefined) throw unsupported(`entitlement ${unknown}`);
  return {
    annotations: exporters.flatMap((exporter) => ("annotations" in exporter ? exporter.annotations : [])),
    inlineCache: caches.some(({ type }) => type === "inline"),
    epoch: commonEpoch(exporters),
    allowHostNetwork: entitlements.includes("network.host"),
    checkOnly: false,
  };
}

function unsupported(what: string): TboxError {
  return new TboxError("not-implemented", `${what}: not supported`);
}
