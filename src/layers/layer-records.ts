import type { Database } from "bun:sqlite";
import type { Unpacked } from "#native/protocol/work.ts";
import { type DiffId, parseDiffId } from "#oci/digest.ts";

/** The table of durable layers, with a copy of the sizes in memory. */
export interface LayerRecords {
  has(diffId: DiffId): boolean;
  size(diffId: DiffId): number | undefined;
  all(): DiffId[];
  /** Adds a layer that is not durable yet. The record is lost when the daemon ends. */
  addUnsynced(layer: Unpacked): void;
  /** Adds a durable layer. */
  add(layer: Unpacked): void;
  remove(diffId: DiffId): void;
}

interface Row {
  diff_id: string;
  size: number;
  owners_kept: number;
}

/** Reads the table and deletes the rows that `isValid` rejects. */
export function openLayerRecords(
  database: Database,
  isValid: (diffId: DiffId, ownersKept: boolean) => boolean,
): LayerRecords {
  const insert = database.query(
    "INSERT OR REPLACE INTO layers (diff_id, size, owners_kept) VALUES ($diffId, $size, $ownersKept)",
  );
  const drop = database.query("DELETE FROM layers WHERE diff_id = $diffId");
  const sizes = new Map<DiffId, number>();
  for (const row of database.query<Row, []>("SELECT diff_id, size, owners_kept FROM layers").all()) {
    const diffId = parseDiffId(row.diff_id);
    if (isValid(diffId, row.owners_kept !== 0)) sizes.set(diffId, row.size);
    else drop.run({ diffId });
  }
  return {
    has: (diffId) => sizes.has(diffId),
    size: (diffId) => sizes.get(diffId),
    all: () => [...sizes.keys()],
    addUnsynced: ({ diffId, size }) => void sizes.set(parseDiffId(diffId), size),
    add({ diffId, size, ownersKept }) {
      insert.run({ diffId, size, ownersKept: Number(ownersKept) });
      sizes.set(parseDiffId(diffId), size);
    },
    remove(diffId) {
      sizes.delete(diffId);
      drop.run({ diffId });
    },
  };
}
