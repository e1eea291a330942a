import type { Database } from "bun:sqlite";
import type { DiffId, Digest } from "#oci/digest.ts";

/** Blobs whose decompressed bytes were compared with a diffID. A configuration may claim any pair of the two. */
export interface VerifiedBlobs {
  isVerified(blob: Digest, diffId: DiffId): boolean;
  /** Adds a pair whose blob was read and has the diffID. */
  addVerified(blob: Digest, diffId: DiffId): void;
  /** Forgets all pairs of a removed blob. */
  forgetVerified(blob: Digest): void;
}

export function openVerifiedBlobs(database: Database): VerifiedBlobs {
  const put = database.query("INSERT OR IGNORE INTO verified_blobs (blob, diff_id) VALUES ($blob, $diffId)");
  const drop = database.query("DELETE FROM verified_blobs WHERE blob = $blob");
  const find = database.query<{ blob: string }, { blob: string; diffId: string }>(
    "SELECT blob FROM verified_blobs WHERE blob = $blob AND diff_id = $diffId",
  );
  return {
    // The content store has compared the bytes of an uncompressed layer with this digest.
    isVerified: (blob, diffId) => blob === diffId || find.get({ blob, diffId }) !== null,
    addVerified: (blob, diffId) => void put.run({ blob, diffId }),
    forgetVerified: (blob) => void drop.run({ blob }),
  };
}
