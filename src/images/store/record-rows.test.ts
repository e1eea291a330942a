import { expect, test } from "bun:test";
import { digestOf } from "#oci/digest.ts";
import { memoryDatabase } from "#test/support/database.ts";
import { openImageRecords } from "./image-records.ts";

const id = digestOf("configuration");

function damagedStore() {
  const database = memoryDatabase();
  database.query("INSERT INTO images (id, manifest, config) VALUES ($id, '{}', '{')").run({ id });
  database
    .query("INSERT INTO image_names (name, image, tagged) VALUES ('docker.io/library/box:1', $id, 1)")
    .run({ id });
  return database;
}

test("an image whose record cannot be read is set aside by name", () => {
  const warnings: string[] = [];
  const records = openImageRecords(damagedStore(), (message) => warnings.push(message));
  expect([...records.setAside]).toEqual([[id, ["docker.io/library/box:1"]]]);
  expect(records.names()).toEqual([]);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toStartWith("image box:1 is set aside, because its record in tbox.db cannot be read");
});

test("an image that was set aside can be added again, or removed", () => {
  const database = damagedStore();
  const target = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: id, size: 1 };
  const config = { architecture: "amd64", os: "linux", rootfs: { type: "layers" as const, diff_ids: [] } };
  const image = { id, target, manifest: target, configSize: 1, layers: [], diffIds: [], created: 0, config };
  const records = openImageRecords(database, () => {});
  records.add(image, { tag: "docker.io/library/box:1" });
  expect(records.setAside.size).toBe(0);
  expect(openImageRecords(database, () => {}).name("docker.io/library/box:1")?.id).toBe(id);
  records.remove(id);
  expect(database.query("SELECT id FROM images").all()).toEqual([]);
});
