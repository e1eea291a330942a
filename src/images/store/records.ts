import type { Database } from "bun:sqlite";
import { createdAt, diffIdsOf, type ImageConfig, imageConfigSchema } from "#oci/config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import { type DiffId, type Digest, parseDigest } from "#oci/digest.ts";
import { openExpectations } from "../transfer/expectations.ts";

/** What is kept of an image. */
export interface ImageRecord {
  /** Digest of the configuration. */
  id: Digest;
  /** The manifest or index that the name led to. */
  target: Descriptor;
  /** The image's own manifest: the target, or an entry of it. */
  manifest: Descriptor;
  configSize: number;
  /** Blobs of the layers as they came, base first. */
  layers: Digest[];
  config: ImageConfig;
  diffIds: DiffId[];
  created: number;
  /** The image below, of one that was made here. */
  parent?: Digest | undefined;
}

export interface NameRecord {
  /** Canonical, with a tag: `docker.io/library/debian:12`. */
  name: string;
  id: Digest;
  /** What the name led to: the same image may have come in several manifests and indexes. */
  target: Descriptor;
  /** Milliseconds since the epoch. */
  tagged: number;
}

/** The tables of images and their names; kept in memory too, so that looking one up costs no disk. */
export interface ImageRecords {
  get(id: Digest): ImageRecord | undefined;
  all(): ImageRecord[];
  names(): NameRecord[];
  name(name: string): NameRecord | undefined;
  /** Canonical repositories with digests: `docker.io/library/debian@sha256:…`. */
  digests(): { name: string; id: Digest }[];
  /** Adds an image and its names, which lead to its target, at once; a name that was another's moves. */
  add(record: ImageRecord, names: { tag?: string | undefined; digest?: string | undefined }): void;
  /** Keeps blobs that nothing refers to yet for a pull that is not finished, also over a restart. */
  expect(digests: Digest[]): void;
  /** Those that were expected not too long ago. */
  expected(): Digest[];
  /** Expects these no more; without a list none at all. */
  settle(digests?: Digest[]): void;
  untag(name: string): void;
  forgetDigest(name: string): void;
  remove(id: Digest): void;
}

interface ImageRow {
  id: string;
  manifest: string;
  config: string;
}

interface NameRow {
  name: string;
  image: string;
  tagged: number;
  /** Absent for names of the first versions, which lead to their image's own. */
  target: string | null;
}

export function openImageRecords(database: Database): ImageRecords {
  database.run(
    "CREATE TABLE IF NOT EXISTS images (id TEXT PRIMARY KEY, manifest TEXT NOT NULL, config TEXT NOT NULL) STRICT",
  );
  database.run(
    "CREATE TABLE IF NOT EXISTS image_names (name TEXT PRIMARY KEY, image TEXT NOT NULL REFERENCES images(id), tagged INTEGER NOT NULL) STRICT",
  );
  database.run(
    "CREATE TABLE IF NOT EXISTS image_digests (name TEXT PRIMARY KEY, image TEXT NOT NULL REFERENCES images(id)) STRICT",
  );
  database.run(
    "CREATE TABLE IF NOT EXISTS image_targets (name TEXT PRIMARY KEY REFERENCES image_names(name) ON DELETE CASCADE, target TEXT NOT NULL) STRICT",
  );
  const expectations = openExpectations(database);
  const images = new Map<Digest, ImageRecord>();
  for (const row of database.query<ImageRow, []>("SELECT * FROM images").all()) {
    images.set(parseDigest(row.id), readRow(row));
  }
  const names = new Map<string, NameRecord>();
  const nameRows = database.query<NameRow, []>(
    "SELECT * FROM image_names LEFT JOIN image_targets USING (name)",
  );
  for (const { name, image, tagged, target } of nameRows.all()) {
    const id = parseDigest(image);
    const own = target === null ? images.get(id)?.target : (JSON.parse(target) as Descriptor);
    if (own) names.set(name, { name, id, tagged, target: own });
  }
  const digests = new Map<string, Digest>();
  for (const { name, image } of database
    .query<{ name: string; image: string }, []>("SELECT * FROM image_digests")
    .all()) {
    digests.set(name, parseDigest(image));
  }

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
  const dropName = database.query("DELETE FROM image_names WHERE name = $name");
  const dropDigest = database.query("DELETE FROM image_digests WHERE name = $name");
  const dropNamesOf = database.query("DELETE FROM image_names WHERE image = $id");
  const dropDigestsOf = database.query("DELETE FROM image_digests WHERE image = $id");
  const dropImage = database.query("DELETE FROM images WHERE id = $id");

  return {
    ...expectations,
    get: (id) => images.get(id),
    all: () => [...images.values()],
    names: () => [...names.values()],
    name: (name) => names.get(name),
    digests: () => [...digests].map(([name, id]) => ({ name, id })),
    add(record, { tag, digest }) {
      const { id, target } = record;
      const tagged = Date.now();
      database
        .transaction(() => {
          if (!images.has(id)) putImage.run(writeRow(record));
          if (tag !== undefined) {
            putName.run({ name: tag, id, tagged });
            putTarget.run({ name: tag, target: JSON.stringify(target) });
          }
          if (digest !== undefined) putDigest.run({ name: digest, id });
        })
        .immediate();
      if (!images.has(id)) images.set(id, record);
      if (tag !== undefined) names.set(tag, { name: tag, id, tagged, target });
      if (digest !== undefined) digests.set(digest, id);
    },
    untag(name) {
      dropName.run({ name });
      names.delete(name);
    },
    forgetDigest(name) {
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
      for (const [name, found] of names) if (found.id === id) names.delete(name);
      for (const [name, found] of digests) if (found === id) digests.delete(name);
    },
  };
}

function writeRow({
  id,
  target,
  manifest,
  configSize,
  layers,
  parent,
  config,
}: ImageRecord): Record<keyof ImageRow, string> {
  return {
    id,
    manifest: JSON.stringify({ target, manifest, configSize, layers, parent }),
    config: JSON.stringify(config),
  };
}

function readRow(row: ImageRow): ImageRecord {
  const stored: Pick<ImageRecord, "target" | "manifest" | "configSize" | "layers" | "parent"> = JSON.parse(
    row.manifest,
  );
  const config = imageConfigSchema.parse(JSON.parse(row.config));
  return {
    id: parseDigest(row.id),
    ...stored,
    config,
    diffIds: diffIdsOf(config),
    created: createdAt(config),
  };
}
