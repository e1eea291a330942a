import { expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { temporaryDirectory } from "#test/support/temp.ts";
import { requireStore } from "./require-store.ts";

test("a daemon with another store than TBOX_DATA_DIR is refused with both stores and what to do", async () => {
  using directory = temporaryDirectory("store");
  const socket = { directory: directory.path, name: "tbox.sock", path: `${directory.path}/tbox.sock` };
  const named = (store: string) => requireStore(socket, { TBOX_DATA_DIR: store });
  // A daemon of an earlier version does not say which store it has.
  await named("/other");
  symlinkSync(directory.path, `${directory.path}/store`);
  await named(directory.path);
  await named(`${directory.path}/`);
  await requireStore(socket, {});
  await requireStore({ ...socket, address: "tcp://host" }, { TBOX_DATA_DIR: "/other" });
  expect(named("/other")).rejects.toThrow(
    `the daemon at ${socket.path} has the store ${directory.path} open, and TBOX_DATA_DIR is /other: set TBOX_RUN_DIR`,
  );
});
