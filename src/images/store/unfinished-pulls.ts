import type { Database } from "bun:sqlite";
import { type Digest, parseDigest } from "#oci/digest.ts";

/** Time that the blobs of an unfinished pull are kept for the next attempt, in milliseconds. */
const lifetime = 7 * 24 * 3600 * 1000;

/** Blobs of unfinished pulls. The table protects them from garbage collection, also after a daemon restart. */
export interface UnfinishedPulls {
  /** Keeps blobs until they are released or the lifetime is over. */
  keepBlobs(digests: Digest[]): void;
  keptBlobs(): Digest[];
  /** Releases these blobs; without a list, all. */
  releaseBlobs(digests?: Digest[]): void;
}

export function openUnfinishedPulls(database: Database): UnfinishedPulls {
  const put = database.query(
    "INSERT OR REPLACE INTO expected_blobs (digest, since) VALUES ($digest, $since)",
  );
  const drop = database.query("DELETE FROM expected_blobs WHERE digest = $digest");
  const dropAll = database.query("DELETE FROM expected_blobs");
  const young = database.query<{ digest: string }, { since: number }>(
    "SELECT digest FROM expected_blobs WHERE since > $since",
  );
  return {
    keepBlobs(digests) {
      const since = Date.now();
      database
        .transaction(() => {
          for (const digest of digests) put.run({ digest, since });
        })
        .immediate();
    },
    keptBlobs: () => young.all({ since: Date.now() - lifetime }).map(({ digest }) => parseDigest(digest)),
    releaseBlobs(digests) {
      if (digests === undefined) return void dropAll.run();
      database
        .transaction(() => {
          for (const digest of digests) drop.run({ digest });
        })
        .immediate();
    },
  };
}
