import type { RemoteContent } from "#images/transfer/remote-content.ts";
import { manifestOfAnnotatedCache } from "#oci/annotated-cache.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import { documentLimit } from "#oci/manifest.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { singleValue } from "#support/streams.ts";
import { blobKey, type CachePlace, indexKey } from "./cache-place.ts";
import type { TokenScope } from "./token.ts";

/** Returns the build caches of all scopes of the workflow; a scope without a cache has an empty one. */
export function contentsOf(place: CachePlace): RemoteContent[] {
  return place.scopes.map((scope) => contentOf(place, scope));
}

function contentOf(place: CachePlace, scope: TokenScope): RemoteContent {
  let read: { bytes: Uint8Array; manifest: Uint8Array; config: Descriptor } | undefined;
  return {
    name: scope.name === "" ? `gha:${place.options.scope}` : `gha:${place.options.scope} of ${scope.name}`,
    async top(signal) {
      if (!read) {
        const bytes = await readIndex(place, indexKey(place, scope), signal);
        read = { bytes, ...manifestOfAnnotatedCache(bytes) };
      }
      return read.manifest;
    },
    async open(blob, offset, signal) {
      if (read?.config.digest === blob.digest) return { offset: 0, bytes: singleValue(read.bytes) };
      // The address of an entry is valid for a limited time, so it is asked for anew.
      const entry = await place.service.find(blobKey(blob.digest), signal);
      if (entry) return place.connection.download(entry.address, offset, signal);
      throw new TboxError("not-found", `the actions cache no longer has ${blob.digest}`);
    },
  };
}

async function readIndex(
  { service, connection }: CachePlace,
  key: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const entry = await service.find(key, signal);
  if (!entry) return new TextEncoder().encode("{}");
  const { bytes } = await connection.download(entry.address, 0, signal);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > documentLimit) throw invalidArgument(`the index has over ${documentLimit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
