import type { RemoteContent } from "#images/transfer/remote-content.ts";
import { openPlace } from "../actions-cache/cache-place.ts";
import { contentsOf } from "../actions-cache/contents.ts";
import type { ActionsCacheOptions } from "../actions-cache/options.ts";
import { remoteOfStore } from "../sessions/content-store.ts";
import { type BuildScope, sessionOf } from "./build-scope.ts";
import { readCacheImports } from "./cache-options.ts";
import type { FrontendOptions } from "./options.ts";

/** Returns the caches that are not in registries. */
export async function remoteCaches(scope: BuildScope, options: FrontendOptions): Promise<RemoteContent[]> {
  const caches = readCacheImports(options).map(async (one) => {
    if (one.type === "gha") return actionsCaches(one.options);
    if (one.type === "registry") return [];
    return [remoteOfStore({ session: await sessionOf(scope), id: one.store }, one.digest, one.path)];
  });
  return (await Promise.all(caches)).flat();
}

/** Returns the caches of a workflow. A token that is not valid is reported when the build reads the cache. */
export function actionsCaches(options: ActionsCacheOptions): RemoteContent[] {
  try {
    return contentsOf(openPlace(options));
  } catch (error) {
    const fail = () => Promise.reject(error);
    return [{ name: `gha:${options.scope}`, top: fail, open: fail }];
  }
}
