import type { RemoteContent } from "#images/transfer/remote-content.ts";
import { remoteOfStore } from "../sessions/content-store.ts";
import { type BuildScope, sessionOf } from "./build-scope.ts";
import { readCacheImports } from "./cache-options.ts";
import type { FrontendOptions } from "./options.ts";

/** Returns the caches in directories of the client. */
export async function remoteCaches(scope: BuildScope, options: FrontendOptions): Promise<RemoteContent[]> {
  const stores = readCacheImports(options).flatMap((one) => (one.type === "local" ? [one] : []));
  if (stores.length === 0) return [];
  const session = await sessionOf(scope);
  return stores.map(({ store, digest, path }) => remoteOfStore({ session, id: store }, digest, path));
}
