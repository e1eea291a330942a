import type { ContentStore } from "#content/store.ts";
import { chooseManifest } from "#oci/choose-manifest.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import { parseManifest } from "#oci/manifest.ts";
import { isDistributable } from "#oci/media-types.ts";
import type { Platform } from "#oci/platform.ts";
import { parseReferences } from "#oci/references.ts";
import type { ImageRecord } from "../store/records.ts";
import { checkPlatform } from "../store/resolve.ts";
import { documentLimit } from "../store/store-image.ts";

/** What a push sends, in an order in which nothing refers to what is not there. */
export interface PushPlan {
  blobs: Descriptor[];
  /** Of the index, innermost first. */
  manifests: Descriptor[];
  /** What gets the tag. */
  top: Descriptor;
  /** Manifests of the index that are not in the store: the registry must have them. */
  missing: Descriptor[];
}

/** Indexes within indexes, at most. */
const deepest = 4;

/** The whole of what an image was named with, as far as it is here. */
export async function planPush(content: ContentStore, top: Descriptor): Promise<PushPlan> {
  const plan: PushPlan = { blobs: [], manifests: [], top, missing: [] };
  await visit(content, top, plan, deepest);
  plan.manifests = plan.manifests.filter(({ digest }) => digest !== top.digest);
  return plan;
}

/** The manifest of an image for one platform, out of its index. */
export async function manifestFor(
  content: ContentStore,
  image: ImageRecord,
  platform: Platform,
  name: string,
): Promise<Descriptor> {
  const document = parseManifest(
    await content.read(image.target.digest, documentLimit),
    image.target.mediaType,
  );
  if (document.kind === "index") return chooseManifest(document.index, platform, name);
  checkPlatform(image, name, platform);
  return image.target;
}

async function visit(
  content: ContentStore,
  document: Descriptor,
  plan: PushPlan,
  levels: number,
): Promise<void> {
  if (plan.manifests.some(({ digest }) => digest === document.digest)) return;
  const found = await wholeDocument(content, document);
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

/** What a document refers to; nothing when it, or a blob of it, is not here. */
async function wholeDocument(content: ContentStore, { digest }: Descriptor) {
  if (!(await content.has(digest))) return undefined;
  const { blobs, manifests } = parseReferences(await content.read(digest, documentLimit));
  const sent = blobs.filter(({ mediaType }) => isDistributable(mediaType));
  for (const blob of sent) if (!(await content.has(blob.digest))) return undefined;
  return { blobs: sent, manifests };
}
