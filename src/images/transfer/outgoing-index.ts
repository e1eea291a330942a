import type { BlobReader, BlobWriter } from "#content/content-store.ts";
import { rewriteStatement } from "#oci/attestation.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { Digest } from "#oci/digest.ts";
import { documentLimit } from "#oci/manifest.ts";
import { isManifestType } from "#oci/media-types.ts";
import { parseReferences } from "#oci/references.ts";
import { replaceDigests, replaceLayers } from "#oci/replace-layers.ts";
import type { PushPlan } from "./plan-push.ts";

/** The documents of a push, and the blobs that they need besides the ones sent already. */
export interface RewrittenPush {
  top: Descriptor;
  manifests: Descriptor[];
  blobs: Descriptor[];
}

type Content = BlobReader & BlobWriter;

/**
 * Returns the documents of a push with the blobs that were sent for its layers. The manifests of an index get other
 * digests by that, so the index and the attestations that refer to them are written again, too.
 */
export async function rewriteDocuments(
  content: Content,
  { top, manifests }: Pick<PushPlan, "top" | "manifests">,
  sent: ReadonlyMap<Digest, Descriptor>,
): Promise<RewrittenPush> {
  if ([...sent].every(([source, { digest }]) => source === digest)) return { top, manifests, blobs: [] };
  const blobs: Descriptor[] = [];
  const changed = new Map<Digest, Descriptor>();
  const read = (one: Descriptor) => content.read(one.digest, documentLimit);
  const put = async (manifest: Descriptor, written: Uint8Array) => {
    changed.set(manifest.digest, { ...manifest, ...(await content.put(written)) });
  };
  const documents = manifests.filter(({ mediaType }) => isManifestType(mediaType));
  for (const manifest of documents) {
    const bytes = await read(manifest);
    const isSent = ({ digest }: Descriptor) => (sent.get(digest)?.digest ?? digest) !== digest;
    if (parseReferences(bytes).blobs.some(isSent)) await put(manifest, replaceLayers(bytes, sent));
  }
  for (const manifest of documents) {
    const bytes = await read(manifest);
    const written = await rewriteAttestation(content, bytes, { changed, blobs });
    if (written !== bytes) await put(manifest, written);
  }
  const now = (one: Descriptor) => changed.get(one.digest) ?? one;
  return { top: await rewriteTop(content, top, { sent, changed }), manifests: manifests.map(now), blobs };
}

async function rewriteTop(
  content: Content,
  top: Descriptor,
  { sent, changed }: { sent: ReadonlyMap<Digest, Descriptor>; changed: ReadonlyMap<Digest, Descriptor> },
): Promise<Descriptor> {
  const bytes = await content.read(top.digest, documentLimit);
  const written = isManifestType(top.mediaType) ? replaceLayers(bytes, sent) : replaceDigests(bytes, changed);
  return { mediaType: top.mediaType, ...(await content.put(written)) };
}

/** Returns the manifest of an attestation of images whose digests have changed; any other manifest stays as it is. */
async function rewriteAttestation(
  content: Content,
  bytes: Uint8Array,
  { changed, blobs }: { changed: ReadonlyMap<Digest, Descriptor>; blobs: Descriptor[] },
): Promise<Uint8Array> {
  const replaced = new Map<Digest, Descriptor>();
  const { blobs: parts } = parseReferences(bytes);
  const statements = parts.filter(({ mediaType }) => mediaType === "application/vnd.in-toto+json");
  for (const statement of statements) {
    const text = await content.read(statement.digest, documentLimit);
    const { digest, size } = await content.put(rewriteStatement(text, changed));
    if (digest !== statement.digest) replaced.set(statement.digest, { ...statement, digest, size });
  }
  if (replaced.size === 0) return bytes;
  const others = parts.filter((one) => !statements.includes(one));
  // The configuration lists the statements as layers.
  for (const config of others) {
    const text = await content.read(config.digest, documentLimit);
    const { digest, size } = await content.put(replaceDigests(text, replaced));
    replaced.set(config.digest, { ...config, digest, size });
  }
  blobs.push(...replaced.values());
  return replaceDigests(bytes, replaced);
}
