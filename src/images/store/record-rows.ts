import type { Database } from "bun:sqlite";
import { createdAt, diffIdsOf, imageConfigSchema } from "#oci/config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import { type Digest, parseDigest } from "#oci/digest.ts";
import { TboxError } from "#support/errors.ts";
import type { ImageRecord, NameRecord } from "./image-records.ts";

/** Contents of the tables. */
export interface StoredRecords {
  images: Map<Digest, ImageRecord>;
  names: Map<string, NameRecord>;
  /** Image IDs by canonical repository with digest. */
  digests: Map<string, Digest>;
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

export function readRecords(database: Database): StoredRecords {
  const images = new Map<Digest, ImageRecord>();
  for (const row of database.query<ImageRow, []>("SELECT id, manifest, config FROM images").all()) {
    images.set(parseDigest(row.id), readRow(row));
  }
  const names = new Map<string, NameRecord>();
  const nameRows = database.query<NameRow, []>(
    "SELECT name, image, tagged, target FROM image_names LEFT JOIN image_targets USING (name)",
  );
  for (const { name, image, tagged, target } of nameRows.all()) {
    const id = parseDigest(image);
    const own = target === null ? images.get(id)?.target : (JSON.parse(target) as Descriptor);
    if (own) names.set(name, { name, id, tagged, target: own });
  }
  const digests = new Map<string, Digest>();
  const digestRows = database.query<{ name: string; image: string }, []>(
    "SELECT name, image FROM image_digests",
  );
  for (const { name, image } of digestRows.all()) digests.set(name, parseDigest(image));
  return { images, names, digests };
}

export function writeRow(record: ImageRecord): ImageRow {
  const { id, target, manifest, configSize, layers, parent, config } = record;
  return {
    id,
    manifest: JSON.stringify({ target, manifest, configSize, layers, parent }),
    config: JSON.stringify(config),
  };
}

function readRow(row: ImageRow): ImageRecord {
  try {
    return parseRow(row);
  } catch (cause) {
    // A collection would delete the layers of an image that is left out.
    throw new TboxError("internal", `the record of image ${row.id} in tbox.db cannot be read`, { cause });
  }
}

function parseRow(row: ImageRow): ImageRecord {
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
