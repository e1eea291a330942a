import type { Database } from "bun:sqlite";
import type { DiffId, Digest } from "#oci/digest.ts";

/** Pairs of a blob and the verified diffID of its decompressed bytes. An image can claim a pair that does not match. */
export interface VerifiedBlobs {
  isVerified(blob: Digest, diffId: DiffId): boolean;
  /** Adds a pair whose blob was read and has the diffID. */
  addVerified(blob: Digest, diffId: DiffId): void;
  /** Removes all pairs of a removed blob. */
  forgetVerified(blob: Digest): void;
}

export function openVerifiedBlobs(database: Database): VerifiedBlobs {
  const put = database.query("INSERT OR IGNORE INTO verified_blobs (blob, diff_id) VALUES ($blob, $diffId)");
  const drop = database.query("DELETE FROM verified_blobs WHERE blob = $blob");
  const find = database.query<{ blob: string }, { blob: string; diffId: string }>(
    "SELECT blob FROM verified_blobs WHERE blob = $blob AND diff_id = $diffId",
  );
  return {
    // The digest of an uncompressed layer is its diffID, which the content store has verified.
    isVerified: (blob, diffId) => blob === diffId || find.get({ blob, diffId }) !== null,
    addVerified: (blob, diffId) => void put.run({ blob, diffId }),
    forgetVerified: (blob) => void drop.run({ blob }),
  };
}
