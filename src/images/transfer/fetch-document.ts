import type { BlobWriter } from "#content/content-store.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import { type ManifestDocument, parseManifest } from "#oci/manifest.ts";
import type { Repository } from "#registry/transfer/repository.ts";
import { errorCode, invalidArgument, TboxError } from "#support/errors.ts";
import { singleValue } from "#support/streams.ts";
import type { FetchedDocument } from "./follow-index.ts";

export interface DocumentRequest {
  /** Image name for messages. */
  name: string;
  tagOrDigest: string;
  /** Descriptor in the index that lists the document. */
  expected?: Descriptor;
}

/** Fetches and parses a manifest or an index; stores its bytes as received. */
export async function fetchDocument(
  content: BlobWriter,
  repository: Pick<Repository, "fetchManifest">,
  { name, tagOrDigest, expected }: DocumentRequest,
  signal: AbortSignal,
): Promise<FetchedDocument> {
  const { bytes, mediaType, digest } = await repository.fetchManifest(tagOrDigest, signal);
  if (expected && bytes.byteLength !== expected.size) {
    const sizes = `has ${bytes.byteLength} bytes where its index says ${expected.size}`;
    throw invalidArgument(`manifest ${tagOrDigest} ${sizes}`);
  }
  const document = parse(name, bytes, mediaType);
  const source = async () => ({ offset: 0, bytes: singleValue(bytes) });
  await content.ingest(source, { digest, size: bytes.byteLength });
  return { descriptor: { mediaType: document.mediaType, digest, size: bytes.byteLength }, document };
}

function parse(name: string, bytes: Uint8Array, mediaType: string | undefined): ManifestDocument {
  try {
    return parseManifest(bytes, mediaType);
  } catch (cause) {
    throw new TboxError(errorCode(cause), `image ${name}`, { cause });
  }
}
