import type { Database } from "bun:sqlite";
import type { Expected } from "#content/content-store.ts";
import { type DiffId, type Digest, parseDiffId, parseDigest } from "#oci/digest.ts";

/** Digests of the compressed archives of layers, which are made again from the layers instead of being stored. */
export interface CompressedLayers {
  /** Returns the blob that a layer's archive had when it was last compressed in this way. */
  compressed(diffId: DiffId, compression: string): Expected | undefined;
  addCompressed(diffId: DiffId, compression: string, blob: Expected): void;
  /** Returns each layer with the digests of its compressed archives. */
  allCompressed(): [DiffId, Digest][];
  /** Removes the entries of removed layers. */
  forgetCompressed(diffIds: DiffId[]): void;
}

interface Row {
  diff_id: string;
  blob: string;
  size: number;
}

export function openCompressedLayers(database: Database): CompressedLayers {
  const put = database.query(
    "INSERT OR REPLACE INTO compressed_layers (diff_id, compression, blob, size) VALUES ($diffId, $compression, $blob, $size)",
  );
  const drop = database.query("DELETE FROM compressed_layers WHERE diff_id = $diffId");
  const all = database.query<Row, []>("SELECT diff_id, blob, size FROM compressed_layers");
  const find = database.query<Row, { diffId: string; compression: string }>(
    "SELECT diff_id, blob, size FROM compressed_layers WHERE diff_id = $diffId AND compression = $compression",
  );
  return {
    compressed(diffId, compression) {
      const row = find.get({ diffId, compression });
      return row === null ? undefined : { digest: parseDigest(row.blob), size: row.size };
    },
    addCompressed: (diffId, compression, { digest, size }) =>
      void put.run({ diffId, compression, blob: digest, size }),
    allCompressed: () => all.all().map((row) => [parseDiffId(row.diff_id), parseDigest(row.blob)]),
    forgetCompressed(diffIds) {
      for (const diffId of diffIds) drop.run({ diffId });
    },
  };
}
