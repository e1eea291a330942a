import { TboxError } from "#support/errors.ts";
import { ServiceError } from "./answer.ts";
import type { Connection } from "./connection.ts";
import { below, type CacheService, entryOf, entryVersion, jsonBody } from "./service.ts";

const accepted = { Accept: "application/json;api-version=6.0-preview.1" };

/** Returns the service at `ACTIONS_CACHE_URL`: entries have numbers, and their parts go to the service itself. */
export function serviceV1(connection: Connection, base: URL): CacheService {
  const at = (path: string) => below(base, `_apis/artifactcache/${path}`);
  return {
    async find(prefix, signal) {
      const url = at("cache");
      url.search = new URLSearchParams({ keys: prefix, version: entryVersion }).toString();
      const answer = await connection.call(url, { headers: accepted }, signal);
      return entryOf(answer?.cacheKey, answer?.archiveLocation, prefix);
    },
    async reserve(key, size, signal) {
      const id = await reserve(connection, at("caches"), { key, signal });
      if (id === undefined) return undefined;
      const url = at(`caches/${id}`);
      return {
        async write(bytes, offset) {
          const headers = {
            ...accepted,
            "Content-Type": "application/octet-stream",
            "Content-Range": `bytes ${offset}-${offset + bytes.length - 1}/*`,
          };
          await connection.call(url, { method: "PATCH", headers, body: bytes }, signal);
        },
        async finish() {
          const { headers, body } = jsonBody({ size });
          await connection.call(url, { method: "POST", headers: { ...headers, ...accepted }, body }, signal);
        },
      };
    },
  };
}

/** Returns the number of a new entry; undefined if the key exists. */
async function reserve(
  connection: Connection,
  url: URL,
  { key, signal }: { key: string; signal: AbortSignal },
): Promise<string | undefined> {
  const { headers, body } = jsonBody({ key, version: entryVersion });
  try {
    const request = { method: "POST", headers: { ...headers, ...accepted }, body } as const;
    const answer = await connection.call(url, request, signal);
    const id = answer?.cacheId ?? answer?.cacheID;
    if (typeof id === "number" && id > 0) return String(id);
    throw new TboxError("unavailable", "the actions cache returned no number for a new entry");
  } catch (error) {
    if (error instanceof ServiceError && error.taken) return undefined;
    throw error;
  }
}
