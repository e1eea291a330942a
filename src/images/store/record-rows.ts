import type { Database } from "bun:sqlite";
import { createdAt, diffIdsOf, type ImageConfig, imageConfigSchema } from "#oci/config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import { type Digest, parseDigest } from "#oci/digest.ts";
import { familiarName, parseReference } from "#oci/reference.ts";
import { isRecord } from "#support/json.ts";
import type { Warn } from "#support/log.ts";
import type { ImageRecord, NameRecord } from "./image-records.ts";

/** Contents of the tables. */
export interface StoredRecords {
  images: Map<Digest, ImageRecord>;
  names: Map<string, NameRecord>;
  /** Image IDs by canonical repository with digest. */
  digests: Map<string, Digest>;
  /** Names, by ID, of the images whose records cannot be read. */
  setAside: Map<Digest, string[]>;
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
  /** Null for names that early versions wrote: these refer to the image's own target. */
  target: string | null;
}

/**
 * Reads the tables. Reports and sets aside an image that cannot be read, because one damaged row must not take all other
 * images from the user.
 */
export function readRecords(database: Database, warn: Warn): StoredRecords {
  const images = new Map<Digest, ImageRecord>();
  const setAside = new Map<Digest, string[]>();
  const namesOf = database.query<{ name: string }, { id: string }>(
    "SELECT name FROM image_names WHERE image = $id",
  );
  for (const row of database.query<ImageRow, []>("SELECT id, manifest, config FROM images").all()) {
    try {
      images.set(parseDigest(row.id), parseRow(row));
    } catch (error) {
      const own = namesOf.all({ id: row.id }).map(({ name }) => name);
      setAside.set(row.id as Digest, own);
      const known = own.map((name) => familiarName(parseReference(name))).join(", ");
      const message = `image ${known || row.id} is set aside, because its record in tbox.db cannot be read`;
      const remedy = `pull or load it again, or remove it: tbox rmi ${row.id}`;
      warn(`${message}; no unused layer is deleted meanwhile; ${remedy}`, error);
    }
  }
  const names = new Map<string, NameRecord>();
  const nameRows = database.query<NameRow, []>(
    "SELECT name, image, tagged, target FROM image_names LEFT JOIN image_targets USING (name)",
  );
  for (const { name, image, tagged, target } of nameRows.all()) {
    const id = image as Digest;
    if (!images.has(id)) continue;
    const own = target === null ? images.get(id)?.target : (JSON.parse(target) as Descriptor);
    if (own) names.set(name, { name, id, tagged, target: own });
  }
  const digests = new Map<string, Digest>();
  const digestRows = database.query<{ name: string; image: string }, []>(
    "SELECT name, image FROM image_digests",
  );
  for (const { name, image } of digestRows.all()) {
    const id = image as Digest;
    if (images.has(id)) digests.set(name, id);
  }
  return { images, names, digests, setAside };
}

export function writeRow(record: ImageRecord): ImageRow {
  const { id, target, manifest, configSize, layers, parent, config } = record;
  return {
    id,
    manifest: JSON.stringify({ target, manifest, configSize, layers, parent }),
    config: JSON.stringify(config),
  };
}

function parseRow(row: ImageRow): ImageRecord {
  const stored: Pick<ImageRecord, "target" | "manifest" | "configSize" | "layers" | "parent"> = JSON.parse(
    row.manifest,
  );
  const config = readConfig(JSON.parse(row.config));
  return {
    id: parseDigest(row.id),
    ...stored,
    config,
    diffIds: diffIdsOf(config),
    created: createdAt(config),
  };
}

/**
 * Returns a stored configuration. It was checked against the schema before it was written. A second check of a thousand
 * configurations would take most of the daemon's start, so only a damaged one is checked again, for the error's reason.
 */
function readConfig(stored: unknown): ImageConfig {
  return isConfig(stored) ? stored : imageConfigSchema.parse(stored);
}

function isConfig(stored: unknown): stored is ImageConfig {
  if (!isRecord(stored) || !isRecord(stored.rootfs)) return false;
  const { architecture, os, config, history, rootfs } = stored;
  return (
    [architecture, os].every((field) => typeof field === "string") &&
    Array.isArray(rootfs.diff_ids) &&
    rootfs.diff_ids.every((diffId) => typeof diffId === "string") &&
    (config === undefined || isRecord(config)) &&
    (history === undefined || Array.isArray(history))
  );
}
