import type { Database } from "bun:sqlite";
import type { ImageConfig } from "#oci/config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { DiffId, Digest } from "#oci/digest.ts";
import type { Warn } from "#support/log.ts";
import { type CompressedLayers, openCompressedLayers } from "./compressed-layers.ts";
import { readRecords, type StoredRecords, writeRow } from "./record-rows.ts";
import { openUnfinishedPulls, type UnfinishedPulls } from "./unfinished-pulls.ts";
import { openVerifiedBlobs, type VerifiedBlobs } from "./verified-blobs.ts";

/** One image of the store. */
export interface ImageRecord {
  /** Digest of the configuration. */
  id: Digest;
  /** Manifest or index that the name refers to. */
  target: Descriptor;
  /** The image's own manifest: the target, or an entry of it. */
  manifest: Descriptor;
  configSize: number;
  /** Blobs of the layers as received, base first. */
  layers: Digest[];
  config: ImageConfig;
  diffIds: DiffId[];
  /** Milliseconds since the epoch. */
  created: number;
  /** Image that a locally created image was built on. */
  parent?: Digest | undefined;
}

export interface NameRecord {
  /** Canonical name with a tag: `docker.io/library/debian:12`. */
  name: string;
  id: Digest;
  /** Manifest or index of this name; one image can have names for several. */
  target: Descriptor;
  /** Milliseconds since the epoch. */
  tagged: number;
}

export interface NewNames {
  /** Canonical name with a tag. */
  tag?: string | undefined;
  /** Canonical repository with a digest. */
  digest?: string | undefined;
  /** Whether an existing tag of the image keeps its time. */
  keepsTime?: boolean;
}

/** The tables of images and names. A copy in memory answers lookups without disk access. */
export interface ImageRecords extends UnfinishedPulls, VerifiedBlobs, CompressedLayers {
  get(id: Digest): ImageRecord | undefined;
  all(): ImageRecord[];
  names(): NameRecord[];
  name(name: string): NameRecord | undefined;
  /** Returns a number that changes with every change of an image or a name. */
  revision(): number;
  /** Returns canonical repositories with digests: `docker.io/library/debian@sha256:…`. */
  digests(): { name: string; id: Digest }[];
  /**
   * Canonical names, by ID, of the images whose records cannot be read. Their layers are unknown, so that nothing may be
   * collected until they are added again or removed.
   */
  setAside: ReadonlyMap<Digest, string[]>;
  /** Adds an image and names for its target in one transaction. A name of another image moves to this one. */
  add(record: ImageRecord, names: NewNames): void;
  untag(name: string): void;
  removeDigest(name: string): void;
  /** Removes an image and all of its names. */
  remove(id: Digest): void;
}

export function openImageRecords(database: Database, warn: Warn): ImageRecords {
  const stored = readRecords(database, warn);
  const { images, names, digests, setAside } = stored;
  let revision = 0;
  const counted =
    <Arguments extends unknown[]>(change: (...args: Arguments) => void) =>
    (...args: Arguments) => {
      change(...args);
      revision++;
    };
  const { untag, removeDigest, remove } = openRemoval(database, stored);
  return {
    ...openUnfinishedPulls(database),
    ...openVerifiedBlobs(database),
    ...openCompressedLayers(database),
    get: (id) => images.get(id),
    all: () => [...images.values()],
    names: () => [...names.values()],
    name: (name) => names.get(name),
    digests: () => [...digests].map(([name, id]) => ({ name, id })),
    setAside,
    revision: () => revision,
    add: counted(openAdding(database, stored)),
    untag: counted(untag),
    removeDigest: counted(removeDigest),
    remove: counted(remove),
  };
}

function openAdding(
  database: Database,
  { images, names, digests, setAside }: StoredRecords,
): ImageRecords["add"] {
  const putImage = database.query(
    "INSERT OR REPLACE INTO images (id, manifest, config) VALUES ($id, $manifest, $config)",
  );
  const putName = database.query(
    "INSERT OR REPLACE INTO image_names (name, image, tagged) VALUES ($name, $id, $tagged)",
  );
  const putTarget = database.query(
    "INSERT OR REPLACE INTO image_targets (name, target) VALUES ($name, $target)",
  );
  const putDigest = database.query("INSERT OR REPLACE INTO image_digests (name, image) VALUES ($name, $id)");
  return (record, { tag, digest, keepsTime = false }) => {
    const { id, target } = record;
    const known = tag === undefined || !keepsTime ? undefined : names.get(tag);
    const tagged = known?.id === id ? known.tagged : Date.now();
    database
      .transaction(() => {
        if (!images.has(id)) putImage.run({ ...writeRow(record) });
        if (tag !== undefined) {
          putName.run({ name: tag, id, tagged });
          putTarget.run({ name: tag, target: JSON.stringify(target) });
        }
        if (digest !== undefined) putDigest.run({ name: digest, id });
      })
      .immediate();
    if (!images.has(id)) images.set(id, record);
    setAside.delete(id);
    if (tag !== undefined) names.set(tag, { name: tag, id, tagged, target });
    if (digest !== undefined) digests.set(digest, id);
  };
}

function openRemoval(
  database: Database,
  { images, names, digests, setAside }: StoredRecords,
): Pick<ImageRecords, "untag" | "removeDigest" | "remove"> {
  const dropName = database.query("DELETE FROM image_names WHERE name = $name");
  const dropDigest = database.query("DELETE FROM image_digests WHERE name = $name");
  const dropNamesOf = database.query("DELETE FROM image_names WHERE image = $id");
  const dropDigestsOf = database.query("DELETE FROM image_digests WHERE image = $id");
  const dropImage = database.query("DELETE FROM images WHERE id = $id");
  return {
    untag(name) {
      dropName.run({ name });
      names.delete(name);
    },
    removeDigest(name) {
      dropDigest.run({ name });
      digests.delete(name);
    },
    remove(id) {
      database
        .transaction(() => {
          dropNamesOf.run({ id });
          dropDigestsOf.run({ id });
          dropImage.run({ id });
        })
        .immediate();
      images.delete(id);
      setAside.delete(id);
      for (const [name, found] of names) if (found.id === id) names.delete(name);
      for (const [name, found] of digests) if (found === id) digests.delete(name);
    },
  };
}
