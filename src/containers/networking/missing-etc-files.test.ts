import { expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { FailureError } from "#native/addon/failure.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { replaceMissingEtcFiles } from "./missing-etc-files.ts";

const failure = new FailureError({
  kind: "system",
  step: "mount",
  subject: "hosts",
  errno: 2,
  message: "mount hosts: No such file or directory",
});

function openStore() {
  const directory = temporaryDirectory("store");
  const services = {
    store: directory.path,
    records: { withId: () => undefined },
    networks: { gateway: () => undefined },
  };
  const record = { id: "1", config: {}, hostConfig: {}, networks: {} };
  mkdirSync(`${directory.path}/containers/1`, { recursive: true });
  return {
    files: `${directory.path}/containers/1`,
    replace: (error: unknown) =>
      replaceMissingEtcFiles(
        services as unknown as ContainerServices,
        record as unknown as ContainerRecord,
        error,
      ),
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}

test("a missing file is written again, and the error says so", () => {
  using store = openStore();
  for (const name of ["hostname", "resolv.conf"]) writeFileSync(`${store.files}/${name}`, "");
  expect(store.replace(failure)).toHaveProperty(
    "message",
    `${failure.message}: tbox has written ${store.files}/hosts again: start the container once more`,
  );
  expect(existsSync(`${store.files}/hosts`)).toBe(true);
  expect(store.replace(failure)).toBe(failure);
});

test("the error of a start stays the same if the whole directory is missing", () => {
  using store = openStore();
  rmSync(store.files, { recursive: true });
  expect(store.replace(failure)).toBe(failure);
  const other = new Error("other");
  expect(store.replace(other)).toBe(other);
});
