import { setTimeout as sleep } from "node:timers/promises";
import type { CacheStore, SentBlob } from "#images/export/image-exports.ts";
import { TboxError } from "#support/errors.ts";
import { githubApi, listKeys } from "./active-keys.ts";
import { ServiceError } from "./answer.ts";
import { blobKey, blobPrefix, type CachePlace, indexKey } from "./cache-place.ts";

/** Bytes that are uploaded at once. */
const pieceSize = 16 * 1024 * 1024;

export interface StoreSettings {
  /** Base of GitHub's REST API. */
  api: URL;
  /** Time between attempts to replace an index that another build is writing, in milliseconds. */
  wait: number;
  /** Number of those attempts. After them, the other build counts as dead. */
  attempts: number;
}

/** Numbers after the newest index that other builds may have reserved without writing an index. */
const mostSkipped = 100;

const defaults: StoreSettings = { api: githubApi, wait: 2000, attempts: 8 };

/** Returns a place for exported caches; throws forbidden if the token may only read. */
export function openStore(place: CachePlace, settings: StoreSettings = defaults): CacheStore {
  const { service, scopes } = place;
  const scope = scopes.findLast(({ writable }) => writable);
  if (!scope) throw new TboxError("forbidden", "the token of the workflow may only read the cache");
  let listed: Promise<Set<string> | undefined> | undefined;
  return {
    async hasBlob(digest, signal) {
      listed ??= activeKeys(place, settings.api, signal);
      const keys = await listed;
      const key = blobKey(digest);
      return keys ? keys.has(key) : (await service.find(key, signal)) !== undefined;
    },
    async putBlob(blob, { signal, onProgress }) {
      const upload = await service.reserve(blobKey(blob.digest), blob.size, signal);
      // Another build sends the blob or has sent it.
      if (!upload) return { mountedFrom: undefined };
      for (let start = 0; start < blob.size; start += pieceSize) {
        const bytes = await readPiece(blob, start);
        await upload.write(bytes, start);
        onProgress(start + bytes.length);
      }
      await upload.finish();
      return { mountedFrom: undefined };
    },
    putIndex: (bytes, signal) => putIndex(place, settings, { key: indexKey(place, scope), bytes, signal }),
  };
}

/** Returns the keys of all blobs; undefined without access to the REST API, which only saves requests. */
async function activeKeys(
  { options, scopes }: CachePlace,
  api: URL,
  signal: AbortSignal,
): Promise<Set<string> | undefined> {
  if (!options.api) return undefined;
  const query = { api, ...options.api, prefix: blobPrefix, timeout: options.timeout };
  try {
    return await listKeys({ ...query, scopes: scopes.map(({ name }) => name) }, signal);
  } catch (error) {
    if (error instanceof ServiceError) return undefined;
    throw error;
  }
}

async function readPiece({ read, size }: SentBlob, start: number): Promise<Uint8Array<ArrayBuffer>> {
  return Buffer.concat(await Array.fromAsync(read(start, Math.min(size, start + pieceSize))));
}

/** Writes an index under the next number, which replaces the one before. */
async function putIndex(
  { service }: CachePlace,
  { wait, attempts }: StoreSettings,
  { key, bytes, signal }: { key: string; bytes: Uint8Array<ArrayBuffer>; signal: AbortSignal },
): Promise<void> {
  let skipped = 0;
  for (let attempt = 1; skipped <= mostSkipped; attempt++) {
    const newest = await service.find(key, signal);
    const number = newest === undefined ? 0 : Number(newest.key.slice(key.length));
    if (!Number.isSafeInteger(number)) {
      throw new TboxError("unavailable", `the actions cache has an index without a number: ${newest?.key}`);
    }
    const upload = await service.reserve(`${key}${number + 1 + skipped}`, bytes.length, signal);
    if (upload) {
      await upload.write(bytes, 0);
      return upload.finish();
    }
    // Another build reserved the number. It may have died before it wrote the index.
    if (attempt >= attempts) skipped++;
    else await sleep(wait, undefined, { signal });
  }
  throw new TboxError("unavailable", "the actions cache accepts no index: every number is reserved");
}
