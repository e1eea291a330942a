import { expect, test } from "bun:test";
import type { Digest } from "#oci/digest.ts";
import { openUsageRegister } from "#support/usage-register.ts";
import { createdRecord } from "#test/support/container-record.ts";
import { memoryDatabase } from "#test/support/database.ts";
import { until } from "#test/support/until.ts";
import type { ContainerRecord } from "./container-record.ts";
import { openContainerRecords } from "./container-records.ts";
import type { ContainerResource } from "./container-uses.ts";

const image = `sha256:${"a".repeat(64)}` as Digest;

function newRecord(): ContainerRecord {
  return createdRecord({
    imageId: image,
    volumes: [{ name: "data", target: "/data", readonly: false, fill: true, anonymous: false }],
    networks: { backend: {} },
  });
}

function openRecords(
  database: ReturnType<typeof memoryDatabase>,
  uses = openUsageRegister<ContainerResource>(),
  warn: (message: string) => void = () => {},
) {
  return openContainerRecords({ database, uses, written() {}, warn });
}

test("a container registers its image, volumes and networks until it is deleted", () => {
  const uses = openUsageRegister<ContainerResource>();
  const records = openRecords(memoryDatabase(), uses);
  const record = newRecord();
  records.save(record);
  expect(uses.users("image", image)).toEqual([{ id: "c1", name: "web", active: false }]);
  expect(uses.isUsed("volume", "data")).toBe(true);
  expect(uses.isUsed("network", "backend")).toBe(true);
  record.state.status = "running";
  records.save(record);
  expect(uses.users("image", image)).toEqual([{ id: "c1", name: "web", active: true }]);
  records.delete("c1");
  expect(uses.isUsed("image", image)).toBe(false);
  records.registerUses(record);
  expect(uses.isUsed("volume", "data")).toBe(false);
});

test("opening the table registers the uses of its containers", () => {
  const database = memoryDatabase();
  openRecords(database).save(newRecord());
  const uses = openUsageRegister<ContainerResource>();
  openRecords(database, uses);
  expect(uses.users("volume", "data")).toEqual([{ id: "c1", name: "web", active: false }]);
});

test("a change that the disk refuses is visible at once, and written later", async () => {
  const database = memoryDatabase();
  const warnings: string[] = [];
  const records = openRecords(database, openUsageRegister(), (message) => warnings.push(message));
  const record = newRecord();
  records.save(record);
  const stored = () =>
    database
      .query<{ record: string }, []>("SELECT record FROM containers")
      .all()
      .map((row) => JSON.parse(row.record));
  database.run("PRAGMA query_only = ON");
  record.state.status = "exited";
  records.saveEventually(record);
  expect(records.find("web").state.status).toBe("exited");
  expect(warnings).toEqual(["write the state of container c1: trying again"]);
  database.run("PRAGMA query_only = OFF");
  await until(() => stored()[0].state.status === "exited");
  database.run("PRAGMA query_only = ON");
  records.delete("c1");
  expect(records.named("web")).toBeUndefined();
  database.run("PRAGMA query_only = OFF");
  await until(() => stored().length === 0);
});

test("an exit that is reported after the removal does not bring the container back", async () => {
  const database = memoryDatabase();
  const records = openRecords(database);
  const record = newRecord();
  records.save(record);
  records.delete("c1");
  records.saveEventually(record);
  expect(records.all()).toEqual([]);
  expect(openRecords(database).all()).toEqual([]);
});

test("a record whose deletion is deferred disappears at once, and its name is free", async () => {
  const database = memoryDatabase();
  const records = openRecords(database);
  const names = () =>
    database
      .query<{ id: string }, []>("SELECT id FROM containers")
      .all()
      .map(({ id }) => id);
  records.save(newRecord());
  records.deleteSoon("c1");
  expect(records.lookup("web")).toBeUndefined();
  records.save({ ...newRecord(), id: "c2" });
  await until(() => !names().includes("c1"));
  expect(names()).toEqual(["c2"]);
});

test("a record that cannot be read is set aside by name, and the other containers stay", () => {
  const database = memoryDatabase();
  const written = openRecords(database);
  const damages = {
    torn: "{",
    empty: "{}",
    nothing: "null",
    list: "[1]",
    stateless: '{"id":"stateless","name":"x"}',
  };
  for (const id of ["c1", ...Object.keys(damages)]) written.save({ ...newRecord(), id, name: `name-${id}` });
  for (const [id, record] of Object.entries(damages)) {
    database.query("UPDATE containers SET record = $record WHERE id = $id").run({ id, record });
  }
  for (const _ of ["first start", "next start"]) {
    const warnings: string[] = [];
    const records = openRecords(database, openUsageRegister(), (message) => warnings.push(message));
    expect(records.all().map(({ name }) => name)).toEqual(["name-c1"]);
    expect([...records.setAside.keys()].sort()).toEqual(Object.keys(damages).sort());
    expect(warnings.sort()).toEqual(
      Object.keys(damages)
        .sort()
        .map(
          (id) =>
            `container name-${id} (${id}) is set aside, because its record in tbox.db cannot be read: its files stay in containers/${id} until "tbox rm name-${id}"`,
        ),
    );
  }
});

test("a record that is set aside can be deleted", () => {
  const database = memoryDatabase();
  openRecords(database).save(newRecord());
  database.run("UPDATE containers SET record = '{'");
  const records = openRecords(database);
  expect([...records.setAside]).toEqual([["c1", "web"]]);
  records.delete("c1");
  expect(records.setAside.size).toBe(0);
  expect(database.query("SELECT id FROM containers").all()).toEqual([]);
});

test("another container takes the name of one that is set aside without replacing its row", () => {
  const database = memoryDatabase();
  openRecords(database).save(newRecord());
  database.run("UPDATE containers SET record = '{'");
  openRecords(database).save({ ...newRecord(), id: "c2" });
  const ids = database.query<{ id: string }, []>("SELECT id FROM containers ORDER BY id").all();
  expect(ids).toEqual([{ id: "c1" }, { id: "c2" }]);
});

test("every write but that of a container with AutoRemove is to survive a loss of power", () => {
  const written: (string | undefined)[] = [];
  const records = openContainerRecords({
    database: memoryDatabase(),
    uses: openUsageRegister<ContainerResource>(),
    written: (created) => written.push(created?.id),
    warn() {},
  });
  const record = newRecord();
  records.save(record);
  records.save(record);
  records.saveEventually(record);
  records.delete(record.id);
  expect(written).toEqual(["c1", undefined, undefined, undefined]);
  records.save({ ...newRecord(), hostConfig: { AutoRemove: true } });
  expect(written).toHaveLength(4);
});

test("a short-lived container has a row while it runs, and none before and after", () => {
  const database = memoryDatabase();
  const records = openRecords(database);
  const stored = () => database.query("SELECT id FROM containers").all().length;
  const { volumes: _, ...record } = { ...newRecord(), hostConfig: { AutoRemove: true } };
  records.save(record);
  expect(stored()).toBe(0);
  record.state.status = "running";
  records.saveLater(record);
  expect([stored(), records.find("web")]).toEqual([0, record]);
  records.flush();
  expect(stored()).toBe(1);
  records.delete("c1");
  records.flush();
  expect(stored()).toBe(0);
});

test("a short-lived container that ended at once is never written", () => {
  const database = memoryDatabase();
  const records = openRecords(database);
  const { volumes: _, ...record } = { ...newRecord(), hostConfig: { AutoRemove: true } };
  records.save(record);
  record.state.status = "running";
  records.saveLater(record);
  record.state.status = "exited";
  records.saveEventually(record);
  records.deleteSoon("c1");
  records.flush();
  expect(database.query("SELECT id FROM containers").all()).toEqual([]);
});

test("a short-lived container with an anonymous volume is written when it is created", () => {
  const database = memoryDatabase();
  openRecords(database).save({ ...newRecord(), hostConfig: { AutoRemove: true } });
  expect(database.query("SELECT id FROM containers").all()).toEqual([{ id: "c1" }]);
});
