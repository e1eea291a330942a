import { expect, test } from "bun:test";
import { listContainers } from "./list-containers.ts";

const missing = () => {
  throw new Error("unused");
};
const services = {
  records: {
    all: () => [],
    find: missing,
    named: missing,
    withId: missing,
    save: missing,
    registerUses: missing,
    rename: missing,
    delete: missing,
  },
};

test.each([
  ["exited", "soon"],
  ["health", "fine"],
  ["is-task", "maybe"],
  ["status", "busy"],
])("the filter %s=%s is refused", (key, value) => {
  const filters = new Map([[key, [value]]]);
  expect(() => listContainers({ ...services } as never, { all: true, filters })).toThrow(
    `invalid filter '${key}=${value}'`,
  );
});

test.each([
  ["exited", "-1"],
  ["health", "none"],
  ["is-task", "0"],
])("the filter %s=%s is accepted", (key, value) => {
  expect(listContainers({ ...services } as never, { all: true, filters: new Map([[key, [value]]]) })).toEqual(
    [],
  );
});
