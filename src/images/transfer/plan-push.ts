import type { BlobReader } from "#content/content-store.ts";
import { chooseManifest } from "#oci/choose-manifest.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import { documentLimit, parseManifest } from "#oci/manifest.ts";
import { isDistributable } from "#oci/media-types.ts";
import type { Platform } from "#oci/platform.ts";
import { parseReferences } from "#oci/references.ts";
import { checkPlatform } from "../store/find-image.ts";
import type { ImageRecord } from "../store/image-records.ts";

/** Contents of a push, ordered so that every part is sent before the parts that refer to it. */
export interface PushPlan {
  blobs: Descriptor[];
  /** Manifests of the index, innermost first. */
  manifests: Descriptor[];
  /** Manifest or index that gets the tag. */
  top: Descriptor;
  /** Manifests of the index that are not in the store; the registry must have them. */
  missing: Descriptor[];
}

/** Maximum number of levels of nested indexes. */
const mostLevels = 4;

/** Plans the push of a manifest or index and of everything in the store that it refers to. */
export async function planPush(
  content: Pick<BlobReader, "has" | "read">,
  top: Descriptor,
): Promise<PushPlan> {
  const plan: PushPlan = { blobs: [], manifests: [], top, missing: [] };
  await visit(content, top, plan, mostLevels);
  plan.manifests = plan.manifests.filter(({ digest }) => digest !== top.digest);
  return plan;
}

/** Returns the manifest for one platform from an image's index. */
export async function manifestFor(
  content: Pick<BlobReader, "has" | "read">,
  image: ImageRecord,
  platform: Platform,
  name: string,
): Promise<Descriptor> {
  const bytes = await content.read(image.target.digest, documentLimit);
  const document = parseManifest(bytes, image.target.mediaType);
  if (document.kind === "index") return chooseManifest(document.index, platform, name);
  checkPlatform(image, name, platform);
  return image.target;
}

async function visit(
  content: Pick<BlobReader, "has" | "read">,
  document: Descriptor,
  plan: PushPlan,
  levels: number,
): Promise<void> {
  if (plan.manifests.some(({ digest }) => digest === document.digest)) return;
  const found = await referencesOf(content, document);
  if (found === undefined || levels === 0) {
    plan.missing.push(document);
    return;
  }
  for (const below of found.manifests) await visit(content, below, plan, levels - 1);
  for (const blob of found.blobs) {
    if (!plan.blobs.some(({ digest }) => digest === blob.digest)) plan.blobs.push(blob);
  }
  plan.manifests.push(document);
}

/** Returns the references of a document; undefined if the document or one of its blobs is missing. */
async function referencesOf(content: Pick<BlobReader, "has" | "read">, { digest }: Descriptor) {
  if (!(await content.has(digest))) return undefined;
  const { blobs, manifests } = parseReferences(await content.read(digest, documentLimit));
  const sent = blobs.filter(({ mediaType }) => isDistributable(mediaType));
  for (const blob of sent) if (!(await content.has(blob.digest))) return undefined;
  return { blobs: sent, manifests };
}
