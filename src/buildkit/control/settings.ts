import { TboxError } from "#support/errors.ts";
import type { Exporter } from "../export/exporters.ts";
import type { SolveSettings } from "../frontend/solve-dockerfile.ts";
import type { SolveRequest } from "../protocol/control.ts";

/** Returns the settings of a request besides its front end's options; throws for a setting that is not supported. */
export function readSolveSettings(
  { cache, entitlements, definition, sourcePolicy, sourcePolicySession, proxyNetwork }: SolveRequest,
  exporters: Exporter[],
): SolveSettings {
  const types = (cache?.exports ?? []).map(({ type }) => type);
  const other = types.find((type) => type !== "inline");
  if (other !== undefined) throw unsupported(`cache-to: type ${other}`);
  if ((definition?.operations ?? []).length > 0)
    throw unsupported("builds from a definition without a front end");
  if (sourcePolicy !== undefined || sourcePolicySession !== "") throw unsupported("source policies");
  if (proxyNetwork) throw unsupported("proxy networks");
  const unknown = entitlements.find((name) => name !== "network.host");
  if (unknown !== undefined) throw unsupported(`entitlement ${unknown}`);
  return {
    annotations: Object.assign({}, ...exporters.map(({ annotations }) => annotations)),
    inlineCache: types.includes("inline"),
    allowHostNetwork: entitlements.includes("network.host"),
    checkOnly: false,
  };
}

function unsupported(what: string): TboxError {
  return new TboxError("not-implemented", `${what}: not supported yet`);
}
