import type { Database } from "bun:sqlite";
import { type Digest, parseDigest } from "#oci/digest.ts";

/** How long what an unfinished pull has brought is kept for the next try, in milliseconds. */
const lifetime = 7 * 24 * 3600 * 1000;

/** The blobs of pulls that are not finished. */
export interface Expectations {
  expect(digests: Digest[]): void;
  expected(): Digest[];
  settle(digests?: Digest[]): void;
}

export function openExpectations(database: Database): Expectations {
  database.run(
    "CREATE TABLE IF NOT EXISTS expected_blobs (digest TEXT PRIMARY KEY, since INTEGER NOT NULL) STRICT",
  );
  const put = database.query(
    "INSERT OR REPLACE INTO expected_blobs (digest, since) VALUES ($digest, $since)",
  );
  const drop = database.query("DELETE FROM expected_blobs WHERE digest = $digest");
  const dropAll = database.query("DELETE FROM expected_blobs");
  const young = database.query<{ digest: string }, { since: number }>(
    "SELECT digest FROM expected_blobs WHERE since > $since",
  );
  return {
    expect(digests) {
      const since = Date.now();
      database
        .transaction(() => {
          for (const digest of digests) put.run({ digest, since });
        })
        .immediate();
    },
    expected: () => young.all({ since: Date.now() - lifetime }).map(({ digest }) => parseDigest(digest)),
    settle(digests) {
      if (digests === undefined) return void dropAll.run();
      database
        .transaction(() => {
          for (const digest of digests) drop.run({ digest });
        })
        .immediate();
    },
  };
}
