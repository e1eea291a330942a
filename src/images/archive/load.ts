import { Readable } from "node:stream";
import { extract } from "tar-stream";
import type { Expected } from "#content/store.ts";
import { parseArchiveList, parseLayoutList } from "#oci/archive.ts";
import { noMatch } from "#oci/choose-manifest.ts";
import { parseDigest } from "#oci/digest.ts";
import { type Manifest, type ManifestDocument, parseManifest } from "#oci/manifest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import { hostPlatform, matchesPlatform, type Platform } from "#oci/platform.ts";
import { canonicalRepository, familiarName, parseReference, withDefaultTag } from "#oci/reference.ts";
import { createAsyncQueue } from "#support/concurrency/async-queue.ts";
import { errorCode, invalidArgument } from "#support/errors.ts";
import type { LoadedImage } from "../images.ts";
import type { ImageServices } from "../services.ts";
import { decompressed } from "../store/decompressed.ts";
import { layerType } from "../store/layer-type.ts";
import { documentLimit, type ImageParts, readConfig, recordOf, unpackLayer } from "../store/store-image.ts";
import { followIndex } from "../transfer/follow-index.ts";

/** Names in an archive, as plain relative paths, and what they stand for. Never a path of the host. */
type Contents = Map<string, Expected>;

export interface LoadOptions {
  /** Of images that come for several; another one is refused. */
  platform?: Platform | undefined;
  signal: AbortSignal;
}

/** Loads every image of a docker-archive or an OCI layout, plain or compressed as a whole. */
export async function* load(
  services: ImageServices,
  archive: ReadableStream<Uint8Array>,
  options: LoadOptions,
): AsyncGenerator<LoadedImage> {
  const queue = createAsyncQueue<LoadedImage>();
  yield* queue.during(
    services.withLease(async () => {
      const contents = await spool(services, archive, options.signal);
      const listed = contents.get("manifest.json");
      const index = contents.get("index.json");
      const work = { services, contents, options, report: queue.push };
      // Of an archive that is both, the layout says more: the manifests as they were made.
      if (index && contents.has("oci-layout")) await loadLayout(work, index, listed);
      else if (listed) await loadArchive(work, listed);
      else throw invalidArgument("the archive holds neither manifest.json nor index.json");
      await services.changed();
    }),
  );
}

interface Work {
  services: ImageServices;
  contents: Contents;
  options: LoadOptions;
  report: (loaded: LoadedImage) => void;
}

/** Keeps every file of the archive as a blob; links stand for what they lead to. */
async function spool(
  { content }: ImageServices,
  archive: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<Contents> {
  const contents: Contents = new Map();
  const links: [string, string][] = [];
  const reader = extract();
  const source = Readable.from(decompressed(archive));
  source.on("error", (error) => reader.destroy(error)).pipe(reader);
  try {
    for await (const entry of reader) {
      signal.throwIfAborted();
      const { name, type, linkname } = entry.header;
      if (type === "file" || type === "contiguous-file") {
        contents.set(plainPath(name, ""), await content.adopt(bytesOf(entry), { signal }));
        continue;
      }
      if ((type === "symlink" || type === "link") && linkname) {
        const base = type === "symlink" ? name.slice(0, name.lastIndexOf("/") + 1) : "";
        links.push([plainPath(name, ""), plainPath(linkname, base)]);
      }
      entry.resume();
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw invalidArgument("the archive cannot be read as a tar", cause);
  }
  for (const [name, target] of links) {
    const found = contents.get(target);
    if (found) contents.set(name, found);
  }
  return contents;
}

async function* bytesOf(entry: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of entry) if (chunk instanceof Uint8Array) yield chunk;
}

async function loadArchive(work: Work, listed: Expected): Promise<void> {
  const { services, contents, options } = work;
  const { content } = services;
  for (const entry of parseArchiveList(await content.read(listed.digest, documentLimit))) {
    const config = take(contents, entry.Config);
    const layers = entry.Layers.map((name) => take(contents, name));
    const manifest: Manifest = {
      schemaVersion: 2,
      config: { mediaType: mediaTypes.config, ...config },
      layers: await Promise.all(
        layers.map(async (layer) => ({ mediaType: await layerType(content, layer.digest), ...layer })),
      ),
    };
    const bytes = new TextEncoder().encode(JSON.stringify({ mediaType: mediaTypes.manifest, ...manifest }));
    const target = { mediaType: mediaTypes.manifest, ...(await content.put(bytes)) };
    const name = entry.RepoTags?.[0] ?? config.digest;
    const { os, architecture, variant } = await readConfig(services, manifest);
    if (options.platform && !matchesPlatform({ os, architecture, variant }, options.platform)) {
      throw noMatch(options.platform, name);
    }
    await finish(work, { target, manifestDescriptor: target, manifest }, entry.RepoTags ?? []);
  }
}

async function loadLayout(work: Work, index: Expected, listed: Expected | undefined): Promise<void> {
  const { services, contents } = work;
  const { manifests } = parseLayoutList(await services.content.read(index.digest, documentLimit));
  const tags = listed ? await tagsByConfig(work, listed) : new Map<string, string[]>();
  for (const entry of manifests) {
    const parts = await layoutParts(work, entry);
    const { config, layers } = parts.manifest;
    for (const { digest } of [config, ...layers]) blobOf(contents, digest);
    const names = namesOf(entry.annotations ?? {});
    await finish(work, parts, names.length > 0 ? names : (tags.get(config.digest) ?? []));
  }
}

/** Names that only the docker-archive beside a layout has. */
async function tagsByConfig({ services, contents }: Work, listed: Expected): Promise<Map<string, string[]>> {
  const list = parseArchiveList(await services.content.read(listed.digest, documentLimit));
  return new Map(list.map((entry) => [take(contents, entry.Config).digest, entry.RepoTags ?? []]));
}

async function layoutParts(
  { services: { content }, contents, options }: Work,
  entry: { digest: string; mediaType?: string | undefined },
): Promise<ImageParts> {
  const read = async ({ digest, mediaType }: { digest: string; mediaType?: string | undefined }) => {
    const blob = blobOf(contents, digest);
    const document = parseManifest(await content.read(blob.digest, documentLimit), mediaType);
    if (document.kind === "index") {
      // An archive need not hold all that its index names.
      const manifests = document.index.manifests.filter((one) => contents.has(blobPath(one.digest)));
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

/** Of what an archive holds for other machines only. */
function firstPlatform(document: ManifestDocument): Platform | undefined {
  if (document.kind === "manifest") return undefined;
  return document.index.manifests.find(({ platform }) => platform && platform.os !== "unknown")?.platform;
}

async function finish(work: Work, parts: ImageParts, names: string[]): Promise<void> {
  const { services, options, report } = work;
  const { records } = services;
  const config = await readConfig(services, parts.manifest);
  const record = recordOf(parts, config);
  for (const [index, diffId] of record.diffIds.entries()) {
    const blob = record.layers[index];
    if (blob) await unpackLayer(services, blob, diffId, { signal: options.signal });
  }
  const references = names.map((name) => withDefaultTag(parseReference(name)));
  if (references.length === 0) {
    records.add(record, {});
    report({ loaded: record.id });
  }
  for (const reference of references) {
    const tag = `${canonicalRepository(reference)}:${reference.tag ?? "latest"}`;
    const before = records.name(tag)?.id;
    records.add(record, { tag });
    const shown = familiarName(reference);
    if (before !== undefined && before !== record.id) report({ moved: shown, from: before });
    report({ loaded: shown });
  }
}

/** Names under which tools keep an image in a layout; one that is no reference is no name. */
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

function blobOf(contents: Contents, digest: string): Expected {
  const parsed = parseDigest(digest);
  const blob = take(contents, blobPath(parsed));
  if (blob.digest !== parsed && parsed.startsWith("sha256:")) {
    throw invalidArgument(`blob ${parsed}: its bytes have the digest ${blob.digest}`);
  }
  return blob;
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function take(contents: Contents, name: string): Expected {
  const found = contents.get(plainPath(name, ""));
  if (!found) throw invalidArgument(`the archive lacks ${JSON.stringify(name)}`);
  return found;
}

/** `a/./b/../c` as `a/c`: only a key, so leading out of it means nothing. */
function plainPath(name: string, base: string): string {
  const parts: string[] = [];
  for (const part of `${base}${name}`.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}
