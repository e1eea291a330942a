import type { Database } from "bun:sqlite";
import type { Unpacked } from "#native/protocol/work.ts";
import { type DiffId, parseDiffId } from "#oci/digest.ts";

/** The table of durable layers, with a copy of the sizes in memory. */
export interface LayerRecords {
  has(diffId: DiffId): boolean;
  size(diffId: DiffId): number | undefined;
  /** Returns the size of the archive that the layer's files make again; undefined if they do not make it. */
  archiveSize(diffId: DiffId): number | undefined;
  all(): DiffId[];
  /** Returns a number that changes whenever a layer is added or removed. */
  revision(): number;
  /** Adds a layer that is not durable yet. The record is lost when the daemon ends. */
  addUnsynced(layer: Unpacked): void;
  /** Adds a durable layer. */
  add(layer: Unpacked): void;
  setArchiveSize(diffId: DiffId, archiveSize: number): void;
  remove(diffId: DiffId): void;
}

interface Row {
  diff_id: string;
  size: number;
  owners_kept: number;
  archive_size: number | null;
}

interface Sizes {
  size: number;
  archiveSize: number | undefined;
}

/** Reads the table and deletes the rows that `isValid` rejects. */
export function openLayerRecords(
  database: Database,
  isValid: (diffId: DiffId, ownersKept: boolean) => boolean,
): LayerRecords {
  const insert = database.query(
    "INSERT OR REPLACE INTO layers (diff_id, size, owners_kept, archive_size) VALUES ($diffId, $size, $ownersKept, $archiveSize)",
  );
  const drop = database.query("DELETE FROM layers WHERE diff_id = $diffId");
  const setArchive = database.query("UPDATE layers SET archive_size = $archiveSize WHERE diff_id = $diffId");
  const layers = new Map<DiffId, Sizes>();
  let revision = 0;
  const set = (diffId: DiffId, sizes: Sizes) => {
    layers.set(diffId, sizes);
    revision++;
  };
  for (const row of database
    .query<Row, []>("SELECT diff_id, size, owners_kept, archive_size FROM layers")
    .all()) {
    const diffId = parseDiffId(row.diff_id);
    const sizes = { size: row.size, archiveSize: row.archive_size ?? undefined };
    if (isValid(diffId, row.owners_kept !== 0)) layers.set(diffId, sizes);
    else drop.run({ diffId });
  }
  return {
    has: (diffId) => layers.has(diffId),
    size: (diffId) => layers.get(diffId)?.size,
    archiveSize: (diffId) => layers.get(diffId)?.archiveSize,
    all: () => [...layers.keys()],
    revision: () => revision,
    addUnsynced: ({ diffId, size, archiveSize }) => set(parseDiffId(diffId), { size, archiveSize }),
    add({ diffId, size, ownersKept, archiveSize }) {
      const known = layers.get(parseDiffId(diffId))?.archiveSize;
      const sizes = { size, archiveSize: archiveSize ?? known };
      insert.run({
        diffId,
        size,
        ownersKept: Number(ownersKept),
        archiveSize: sizes.archiveSize ?? null,
      });
      set(parseDiffId(diffId), sizes);
    },
    setArchiveSize(diffId, archiveSize) {
      const known = layers.get(diffId);
      if (known === undefined) return;
      setArchive.run({ diffId, archiveSize });
      layers.set(diffId, { ...known, archiveSize });
    },
    remove(diffId) {
      layers.delete(diffId);
      revision++;
      drop.run({ diffId });
    },
  };
}
