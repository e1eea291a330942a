import type { Expected } from "#content/content-store.ts";
import { parseArchiveList, parseLayoutList } from "#oci/archive.ts";
import { documentLimit, type ManifestDocument, parseManifest } from "#oci/manifest.ts";
import { hostPlatform, type Platform } from "#oci/platform.ts";
import { parseReference } from "#oci/reference.ts";
import { errorCode } from "#support/errors.ts";
import type { ImageParts } from "../store/image-parts.ts";
import { followIndex } from "../transfer/follow-index.ts";
import { layoutPath, requireBlob, requireFile } from "./archive-contents.ts";
import { addLoadedImage, type LoadRun } from "./loaded-image.ts";

/** Loads the images of an OCI layout; `list` is the `manifest.json` of a docker-archive in the same tar. */
export async function loadLayout(run: LoadRun, index: Expected, list: Expected | undefined): Promise<void> {
  const { services, contents } = run;
  const { manifests } = parseLayoutList(await services.content.read(index.digest, documentLimit));
  const tags = list ? await tagsByConfig(run, list) : new Map<string, string[]>();
  for (const entry of manifests) {
    const parts = await readParts(run, entry);
    const { config, layers } = parts.manifest;
    for (const { digest } of [config, ...layers]) requireBlob(contents, digest);
    const names = namesOf(entry.annotations ?? {});
    await addLoadedImage(run, parts, names.length > 0 ? names : (tags.get(config.digest) ?? []));
  }
}

/** Returns the tags of a docker-archive by the digest of the image's configuration. */
async function tagsByConfig({ services, contents }: LoadRun, list: Expected): Promise<Map<string, string[]>> {
  const entries = parseArchiveList(await services.content.read(list.digest, documentLimit));
  return new Map(entries.map((entry) => [requireFile(contents, entry.Config).digest, entry.RepoTags ?? []]));
}

interface LayoutEntry {
  digest: string;
  mediaType?: string | undefined;
}

/** Follows indexes to a manifest: for the requested platform, else the host's, else the first platform. */
async function readParts(
  { services: { content }, contents, options }: LoadRun,
  entry: LayoutEntry,
): Promise<ImageParts> {
  const read = async ({ digest, mediaType }: LayoutEntry) => {
    const blob = requireBlob(contents, digest);
    const document = parseManifest(await content.read(blob.digest, documentLimit), mediaType);
    if (document.kind === "index") {
      // An archive need not contain everything that its index lists.
      const manifests = document.index.manifests.filter((one) => contents.has(layoutPath(one.digest)));
      document.index = { ...document.index, manifests };
    }
    return { descriptor: { ...blob, mediaType: document.mediaType }, document };
  };
  const top = await read(entry);
  const follow = (platform: Platform) => followIndex(top, { platform, name: entry.digest, fetch: read });
  try {
    return await follow(options.platform ?? hostPlatform());
  } catch (error) {
    const other = options.platform === undefined && firstPlatform(top.document);
    if (!other || errorCode(error) !== "not-found") throw error;
    return follow(other);
  }
}

/** Returns the first platform of an index; attestations have the OS `unknown`. */
function firstPlatform(document: ManifestDocument): Platform | undefined {
  if (document.kind === "manifest") return undefined;
  return document.index.manifests.find(({ platform }) => platform && platform.os !== "unknown")?.platform;
}

/** Returns the image name in a layout entry's annotations; none if the annotation is not a valid reference. */
function namesOf(annotations: Record<string, string>): string[] {
  const name = annotations["io.containerd.image.name"] ?? annotations["org.opencontainers.image.ref.name"];
  if (name === undefined) return [];
  try {
    parseReference(name);
    return [name];
  } catch {
    return [];
  }
}
