import { randomUUID } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { ExportDestination } from "#images/export/image-exports.ts";
import type { RemoteContent } from "#images/transfer/remote-content.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import { type Digest, parseDigest, splitDigest } from "#oci/digest.ts";
import { parseManifest } from "#oci/manifest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import { errorChain, invalidArgument, TboxError } from "#support/errors.ts";
import { counted } from "#support/streams.ts";

/** Content of a directory with an OCI layout. */
export interface LayoutContent {
  /** Directory of this machine. */
  path: string;
  tag?: string | undefined;
  digest?: string | undefined;
}

const tagKey = "org.opencontainers.image.ref.name";

/** Opens content of a directory. Without tag and digest it is `latest`, or the only content of the directory. */
export async function openLayout({ path, tag, digest }: LayoutContent): Promise<RemoteContent> {
  const name = `${path}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
  const top = digest === undefined ? await findTop(path, tag) : parseDigest(digest);
  return {
    name,
    async top() {
      try {
        return await readFile(`${path}/${placeOf(top)}`);
      } catch (cause) {
        throw new TboxError("not-found", `${name}: ${top} is not in the directory`, { cause });
      }
    },
    open: async (blob, offset) => ({
      offset,
      bytes: bytesOf(createReadStream(`${path}/${placeOf(blob.digest)}`, { start: offset })),
    }),
  };
}

async function* bytesOf(stream: Readable): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield chunk;
}

async function findTop(path: string, tag: string | undefined): Promise<Digest> {
  const entries = await readIndex(path);
  const tagged = entries.find(({ annotations }) => annotations?.[tagKey] === (tag ?? "latest"));
  const only = tag === undefined && entries.length === 1 ? entries[0] : undefined;
  const found = tagged ?? only;
  if (found) return found.digest;
  const names = entries.flatMap(({ annotations }) => annotations?.[tagKey] ?? []);
  const has = names.length === 0 ? "it has no tags" : `it has ${names.join(", ")}`;
  throw new TboxError("not-found", `${path}: no content with the tag ${tag ?? "latest"}: ${has}`);
}

type Entry = Descriptor & { annotations?: Record<string, string> | undefined };

async function readIndex(path: string): Promise<Entry[]> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(`${path}/index.json`);
  } catch (cause) {
    throw new TboxError("not-found", `${path} is not an OCI layout: ${errorChain(cause)}`, { cause });
  }
  const document = parseManifest(bytes, mediaTypes.index);
  if (document.kind !== "index") throw invalidArgument(`${path}/index.json is not an index`);
  return document.index.manifests;
}

/** A directory that receives content. */
export interface LayoutDestination extends ExportDestination {
  /** Lists content in the index, in place of the content that has the tag. */
  name(top: Descriptor, tag: string): Promise<void>;
}

/** Returns a directory of this machine as the destination of an export; creates it. */
export function layoutDestination(path: string): LayoutDestination {
  return {
    hasBlob: async (digest) => existsSync(`${path}/${placeOf(digest)}`),
    async putBlob({ digest, size, read }, { onProgress }) {
      await putFile(path, placeOf(digest), counted(read(0, size), onProgress));
      return { mountedFrom: undefined };
    },
    putManifest: ({ digest, bytes }) => putFile(path, placeOf(digest), bytes),
    async name({ mediaType, digest, size }, tag) {
      const known = existsSync(`${path}/index.json`) ? await readIndex(path) : [];
      const others = known.filter(({ annotations }) => annotations?.[tagKey] !== tag);
      const manifests = [...others, { mediaType, digest, size, annotations: { [tagKey]: tag } }];
      await putFile(path, "oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" }));
      const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
      await putFile(path, "index.json", JSON.stringify(index));
    },
  };
}

/** Writes a file that appears when it is complete. */
async function putFile(
  root: string,
  name: string,
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  const path = `${root}/${name}`;
  const temporary = `${path}.${randomUUID()}`;
  await mkdir(`${root}/blobs/sha256`, { recursive: true });
  try {
    await writeFile(temporary, content, { flag: "wx" });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function placeOf(digest: Digest): string {
  const { algorithm, hex } = splitDigest(digest);
  return `blobs/${algorithm}/${hex}`;
}
