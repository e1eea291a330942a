import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";
import type { Descriptor } from "#oci/descriptor.ts";
import { type DiffId, type Digest, splitDigest } from "#oci/digest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import { familiarName, familiarRepository, parseReference } from "#oci/reference.ts";
import type { ImageServices } from "../services.ts";
import { type StoredBlobs, storedBlobs } from "../store/stored-blobs.ts";
import { layoutPath } from "./archive-contents.ts";

/** An image in an archive with one of its names. */
export interface SavedImage {
  /** Canonical name with a tag. */
  name: string | undefined;
  /** Manifest or index that the layout lists. */
  top: Descriptor;
  config: Digest;
  layers: Digest[];
  diffIds: DiffId[];
}

export interface SavedBlob {
  size: number;
  /** Creation time of the first saved image that contains the blob, in milliseconds since the epoch. */
  created: number;
}

export interface ArchiveParts {
  saved: SavedImage[];
  blobs: Map<Digest, SavedBlob>;
  signal: AbortSignal;
  /** `oci`: without the files of the docker-archive format. */
  format: "oci" | "docker";
}

/** Timestamp of entries that belong to no image. A fixed time lets equal images yield equal archives. */
const epoch = new Date(0);

/** Yields the tar. Holds a lease until the last byte is read; `change` returns the parts to write instead, under the lease. */
export async function* writeArchive(
  services: Pick<ImageServices, "content" | "layers" | "withLease">,
  parts: ArchiveParts,
  change = async (parts: ArchiveParts): Promise<ArchiveParts> => parts,
): AsyncGenerator<Uint8Array> {
  const archive = pack();
  const work = services.withLease(async () =>
    writeEntries(archive, storedBlobs(services), await change(parts)),
  );
  work.catch((error) => archive.destroy(error instanceof Error ? error : new Error(String(error))));
  try {
    yield* archive as AsyncIterable<Uint8Array>;
    await work;
  } finally {
    archive.destroy();
    await work.catch(() => {});
  }
}

async function writeEntries(
  archive: Pack,
  stored: StoredBlobs,
  { saved, blobs, signal, format }: ArchiveParts,
): Promise<void> {
  // Without these entries, a program that unpacks the tar may create the directories with root as the owner.
  for (const name of directoriesOf(blobs)) {
    archive.entry({ name, type: "directory", mode: 0o755, mtime: epoch });
  }
  for (const [digest, { size, created }] of [...blobs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    signal.throwIfAborted();
    const mtime = new Date(Math.max(0, created));
    const entry = archive.entry({ name: layoutPath(digest), size, mode: 0o644, mtime });
    await pipeline(stored.stream(digest, signal), entry);
  }
  for (const [name, value] of documentsOf(saved, blobs, format)) {
    archive.entry({ name, mode: 0o644, mtime: epoch }, JSON.stringify(value));
  }
  archive.finalize();
}

function directoriesOf(blobs: Map<Digest, SavedBlob>): string[] {
  const algorithms = new Set([...blobs.keys()].map((digest) => splitDigest(digest).algorithm));
  return ["blobs/", ...[...algorithms].sort().map((algorithm) => `blobs/${algorithm}/`)];
}

function documentsOf(
  saved: SavedImage[],
  blobs: ArchiveParts["blobs"],
  format: ArchiveParts["format"],
): [string, unknown][] {
  return [
    ["index.json", { schemaVersion: 2, mediaType: mediaTypes.index, manifests: saved.map(layoutEntry) }],
    ...(format === "oci" ? [] : [manifestList(saved, blobs)]),
    ["oci-layout", { imageLayoutVersion: "1.0.0" }],
    ...(format === "oci" ? [] : repositoryList(saved)),
  ];
}

/** Returns the file of the docker-archive format. */
function manifestList(saved: SavedImage[], blobs: ArchiveParts["blobs"]): [string, unknown] {
  const images = new Map(saved.map((one) => [one.config, one]));
  return ["manifest.json", [...images.values()].map((image) => archiveEntry(image, saved, blobs))];
}

/** Returns the file with the tags of each repository and their last layers, which readers from before 2016 use. */
function repositoryList(saved: SavedImage[]): [string, unknown][] {
  const repositories: Record<string, Record<string, string>> = {};
  for (const { name, diffIds } of saved) {
    const last = diffIds.at(-1);
    if (name === undefined || last === undefined) continue;
    const reference = parseReference(name);
    const repository = familiarRepository(reference);
    repositories[repository] = { ...repositories[repository], [reference.tag ?? ""]: splitDigest(last).hex };
  }
  return Object.keys(repositories).length === 0 ? [] : [["repositories", repositories]];
}

/** Returns an entry of `index.json` with the full name (for containerd) and the tag (OCI image-spec) as annotations. */
function layoutEntry({ name, top: { mediaType, digest, size } }: SavedImage) {
  const entry = { mediaType, digest, size };
  if (name === undefined) return entry;
  const { tag } = parseReference(name);
  const annotations = { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": tag };
  return { ...entry, annotations };
}

function archiveEntry(
  { config, layers, diffIds }: SavedImage,
  saved: SavedImage[],
  blobs: ArchiveParts["blobs"],
) {
  const plain = diffIds.filter((id, index) => layers[index] === id);
  const names = saved.flatMap((one) => (one.config === config && one.name !== undefined ? [one.name] : []));
  return {
    Config: layoutPath(config),
    RepoTags: names.length === 0 ? null : names.map((name) => familiarName(parseReference(name))),
    Layers: layers.map(layoutPath),
    // Docker keeps these descriptors, and saves layers without compression: others would not describe its archives.
    ...(plain.length === 0 ? {} : { LayerSources: sourcesOf(plain, blobs) }),
  };
}

function sourcesOf(layers: DiffId[], blobs: ArchiveParts["blobs"]): Record<string, Descriptor> {
  return Object.fromEntries(
    layers.map((digest) => [
      digest,
      { mediaType: mediaTypes.layer, size: blobs.get(digest)?.size ?? 0, digest },
    ]),
  );
}
