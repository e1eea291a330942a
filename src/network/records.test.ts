import { expect, test } from "bun:test";
import { memoryDatabase } from "#test/support/database.ts";
import { openNetworkRecords } from "./records.ts";

test("a network whose record cannot be read is set aside, and a predefined one is made again", () => {
  const database = memoryDatabase();
  const written = openNetworkRecords(database, () => {});
  const { id } = written.find("bridge");
  const own = written.add({ name: "own", driver: "bridge", internal: false, options: {}, labels: {} });
  database.query("UPDATE networks SET network = '{' WHERE id = $id").run({ id });
  database.query("UPDATE networks SET network = '{}' WHERE id = $id").run({ id: own.id });
  const warnings: string[] = [];
  const read = openNetworkRecords(database, (message) => warnings.push(message));
  expect(
    read
      .all()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(["bridge", "host", "none"]);
  expect(warnings.map((warning) => warning.split(" ")[1]).sort()).toEqual([id, own.id].sort());
});
