import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { openImageRecords } from "#images/store/image-records.ts";
import { digestOf } from "#oci/digest.ts";
import { migrate, schemaVersion } from "#support/migrations.ts";
import { migrations } from "./schema.ts";

const id = digestOf("configuration");
const target = {
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest: digestOf("manifest"),
  size: 8,
};

/** Creates the tables that the first versions had, without a schema version. */
function oldStore(): Database {
  const database = new Database(":memory:", { strict: true });
  database.run(
    "CREATE TABLE images (id TEXT PRIMARY KEY, manifest TEXT NOT NULL, config TEXT NOT NULL) STRICT",
  );
  database.run(
    "CREATE TABLE image_names (name TEXT PRIMARY KEY, image TEXT NOT NULL REFERENCES images(id), tagged INTEGER NOT NULL) STRICT",
  );
  database.run(
    "CREATE TABLE image_digests (name TEXT PRIMARY KEY, image TEXT NOT NULL REFERENCES images(id)) STRICT",
  );
  database.run("CREATE TABLE volumes (name TEXT PRIMARY KEY, volume TEXT NOT NULL) STRICT");
  const manifest = JSON.stringify({ target, manifest: target, configSize: 13, layers: [] });
  const config = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: [] },
  });
  database.query("INSERT INTO images VALUES (?, ?, ?)").run(id, manifest, config);
  database.query("INSERT INTO image_names VALUES (?, ?, ?)").run("docker.io/library/debian:12", id, 1);
  database.query("INSERT INTO volumes VALUES (?, ?)").run("data", "{}");
  return database;
}

test("a store without a schema version keeps its contents and gets the missing tables", () => {
  const database = oldStore();
  migrate(database, migrations);
  expect(schemaVersion(database)).toBe(migrations.length);
  const records = openImageRecords(database, () => {});
  expect(records.name("docker.io/library/debian:12")).toMatchObject({ id, target });
  expect(records.get(id)?.configSize).toBe(13);
  expect(database.query("SELECT name FROM volumes").all()).toEqual([{ name: "data" }]);
  expect(database.query("SELECT key FROM build_cache").all()).toEqual([]);
});

test("a new store has every table", () => {
  const database = new Database(":memory:", { strict: true });
  migrate(database, migrations);
  const tables = database.query<{ name: string }, []>("SELECT name FROM sqlite_master WHERE type = 'table'");
  expect(
    tables
      .all()
      .map(({ name }) => name)
      .filter((name) => !name.startsWith("sqlite_"))
      .sort(),
  ).toEqual([
    "build_cache",
    "build_mounts",
    "compressed_layers",
    "containers",
    "expected_blobs",
    "image_digests",
    "image_names",
    "image_targets",
    "images",
    "layers",
    "networks",
    "removed_volumes",
    "verified_blobs",
    "volumes",
  ]);
});
