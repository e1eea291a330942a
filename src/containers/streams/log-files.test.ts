import { expect, test } from "bun:test";
import { statSync, writeFileSync } from "node:fs";
import { temporaryDirectory } from "#test/support/temp.ts";
import { closeAll, openLogsUpTo } from "./log-files.ts";

test("a log is opened up to the file at its end, unless another file has the inode", async () => {
  using directory = temporaryDirectory("log");
  for (const name of ["container.log.2", "container.log.1", "container.log"]) {
    writeFileSync(`${directory.path}/${name}`, name);
  }
  const inode = statSync(`${directory.path}/container.log.1`, { bigint: true }).ino;
  const open = async (size: number) => {
    const files = await openLogsUpTo(directory.path, { inode, size });
    const texts = await Promise.all(files.map((file) => file.readFile("utf8")));
    await closeAll(files);
    return texts;
  };
  expect(await open(5)).toEqual(["container.log.2", "container.log.1"]);
  expect(await open(100)).toEqual([]);
});
