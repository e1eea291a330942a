import { Readable } from "node:stream";
import { extract } from "tar-stream";
import type { Expected } from "#content/store.ts";
import { parseArchiveList, parseLayoutList } from "#oci/archive.ts";
import { chooseManifest } from "#oci/choose-manifest.ts";
import { parseDigest } from "#oci/digest.ts";
import { type Manifest, parseManifest } from "#oci/manifest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import { hostPlatform } from "#oci/platform.ts";
import { canonicalRepository, familiarName, parseReference, withDefaultTag } from "#oci/reference.ts";
import { TboxError } from "#support/errors.ts";
import { openFeed } from "#support/feed.ts";
import { documentLimit, type ImageParts, readConfig, recordOf, unpackLayer } from "./store-image.ts";
import type { Workshop } from "./workshop.ts";

/** Names in an archive, as plain relative paths, and what they stand for. Never a path of the host. */
type Contents = Map<string, Expected>;

/** Loads every image of a docker-archive or an OCI layout, plain or compressed as a whole. */
export async function* load(
  workshop: Workshop,
  archive: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<{ loaded: string }> {
  const feed = openFeed<{ loaded: string }>();
  yield* feed.during(
    workshop.protect(async () => {
      const contents = await spool(workshop, archive, signal);
      const listed = contents.get("manifest.json");
      const index = contents.get("index.json");
      // Docker writes both; its own names the tags.
      if (listed) await loadArchive(workshop, contents, listed, signal, feed.push);
      else if (index) await loadLayout(workshop, contents, index, signal, feed.push);
      else throw new TboxError("invalid-argument", "the archive holds neither manifest.json nor index.json");
      await workshop.changed();
    }),
  );
}

/** Keeps every file of the archive as a blob; links stand for what they lead to. */
async function spool(
  { content }: Workshop,
  archive: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<Contents> {
  const contents: Contents = new Map();
  const links: [string, string][] = [];
  const reader = extract();
  const source = Readable.fromWeb(archive as Parameters<typeof Readable.fromWeb>[0]);
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
    throw new TboxError("invalid-argument", "the archive cannot be read as a tar", { cause });
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

async function loadArchive(
  workshop: Workshop,
  contents: Contents,
  listed: Expected,
  signal: AbortSignal,
  report: (loaded: { loaded: string }) => void,
): Promise<void> {
  for (const entry of parseArchiveList(await workshop.content.read(listed.digest, documentLimit))) {
    const config = take(contents, entry.Config);
    const manifest: Manifest = {
      schemaVersion: 2,
      config: { mediaType: mediaTypes.config, ...config },
      layers: entry.Layers.map((name) => ({ mediaType: mediaTypes.layer, ...take(contents, name) })),
    };
    const bytes = new TextEncoder().encode(JSON.stringify({ mediaType: mediaTypes.manifest, ...manifest }));
    const target = { mediaType: mediaTypes.manifest, ...(await workshop.content.put(bytes)) };
    const parts = { target, manifestDescriptor: target, manifest };
    const id = await finish(workshop, parts, entry.RepoTags ?? [], signal);
    if (!entry.RepoTags?.length) report({ loaded: id });
    for (const tag of entry.RepoTags ?? [])
      report({ loaded: familiarName(withDefaultTag(parseReference(tag))) });
  }
}

async function loadLayout(
  workshop: Workshop,
  contents: Contents,
  index: Expected,
  signal: AbortSignal,
  report: (loaded: { loaded: string }) => void,
): Promise<void> {
  const { manifests } = parseLayoutList(await workshop.content.read(index.digest, documentLimit));
  for (const entry of manifests) {
    const parts = await layoutParts(workshop, contents, entry);
    const names = namesOf(entry.annotations ?? {});
    const id = await finish(workshop, parts, names, signal);
    if (names.length === 0) report({ loaded: id });
    for (const name of names) report({ loaded: familiarName(withDefaultTag(parseReference(name))) });
  }
}

async function layoutParts(
  workshop: Workshop,
  contents: Contents,
  entry: { digest: string; mediaType?: string | undefined },
): Promise<ImageParts> {
  const read = async (digest: string, mediaType: string | undefined) => {
    const blob = blobOf(contents, digest);
    const bytes = await workshop.content.read(blob.digest, documentLimit);
    const document = parseManifest(bytes, mediaType);
    return { descriptor: { ...blob, mediaType: document.mediaType }, document };
  };
  const top = await read(entry.digest, entry.mediaType);
  if (top.document.kind === "manifest") {
    return withBlobs(contents, top.descriptor, top.descriptor, top.document.manifest);
  }
  const chosen = chooseManifest(top.document.index, hostPlatform(), entry.digest);
  const below = await read(chosen.digest, chosen.mediaType);
  if (below.document.kind !== "manifest") {
    throw new TboxError("invalid-argument", "an index within an index is not supported");
  }
  return withBlobs(contents, top.descriptor, below.descriptor, below.document.manifest);
}

/** Checks that the archive holds what the manifest names. */
function withBlobs(
  contents: Contents,
  target: ImageParts["target"],
  manifestDescriptor: ImageParts["target"],
  manifest: Manifest,
): ImageParts {
  for (const { digest } of [manifest.config, ...manifest.layers]) blobOf(contents, digest);
  return { target, manifestDescriptor, manifest };
}

async function finish(
  workshop: Workshop,
  parts: ImageParts,
  names: string[],
  signal: AbortSignal,
): Promise<string> {
  const config = await readConfig(workshop, parts.manifest);
  const record = recordOf(parts, config);
  for (const [index, diffId] of record.diffIds.entries()) {
    const blob = record.layers[index];
    if (blob) await unpackLayer(workshop, blob, diffId, { signal });
  }
  const tags = names.map((name) => {
    const reference = withDefaultTag(parseReference(name));
    return `${canonicalRepository(reference)}:${reference.tag ?? "latest"}`;
  });
  workshop.records.add(record, { tag: tags[0] });
  for (const tag of tags.slice(1)) workshop.records.add(record, { tag });
  return record.id;
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
  const blob = take(contents, `blobs/${parsed.replace(":", "/")}`);
  if (blob.digest !== parsed && parsed.startsWith("sha256:")) {
    throw new TboxError("invalid-argument", `blob ${parsed}: its bytes have the digest ${blob.digest}`);
  }
  return blob;
}

function take(contents: Contents, name: string): Expected {
  const found = contents.get(plainPath(name, ""));
  if (!found) throw new TboxError("invalid-argument", `the archive lacks ${JSON.stringify(name)}`);
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
