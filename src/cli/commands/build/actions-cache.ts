import { parseBoolean } from "#support/boolean.ts";
import type { Cache } from "./sources.ts";

type Environment = Record<string, string | undefined>;

/**
 * Adds the address and the token of the cache service to caches of GitHub Actions, from the environment of a workflow.
 * Leaves out those without them, because the same command also runs outside workflows; `warn` gets the reason.
 */
export function withActionsCache(
  caches: Cache[],
  environment: Environment,
  warn: (text: string) => void,
): Cache[] {
  return caches.flatMap((cache) => {
    if (cache.type !== "gha") return [cache];
    const attributes = { ...serviceOf(environment, cache.attributes), ...cache.attributes };
    const missing = attributes.token ? "ACTIONS_RESULTS_URL" : "ACTIONS_RUNTIME_TOKEN";
    if (attributes.token && (attributes.url || attributes.url_v2)) return [{ ...cache, attributes }];
    warn(`the cache type=gha is not used: ${missing} is not set, as outside GitHub Actions`);
    return [];
  });
}

/** Returns the attributes that name the service of a workflow. */
function serviceOf(environment: Environment, { version }: Cache["attributes"]): Cache["attributes"] {
  const {
    ACTIONS_RUNTIME_TOKEN: token,
    ACTIONS_RESULTS_URL: results,
    ACTIONS_CACHE_URL: first,
  } = environment;
  const isSecond =
    version === "2" || (version === undefined && parseBoolean(environment.ACTIONS_CACHE_SERVICE_V2 ?? ""));
  const url = first ?? results;
  return {
    ...(token === undefined ? {} : { token }),
    ...(isSecond && results !== undefined ? { url_v2: results } : {}),
    ...(url === undefined ? {} : { url }),
  };
}
