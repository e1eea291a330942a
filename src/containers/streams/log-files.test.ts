import { expect, test } from "bun:test";
import { appendFileSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { temporaryDirectory } from "#test/support/temp.ts";
import { closeAll, openLogsUpTo, readRecords } from "./log-files.ts";

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

test("a damaged log shows its readable records, and how many are unreadable between them", async () => {
  using directory = temporaryDirectory("log");
  const path = `${directory.path}/container.log`;
  const line = (log: string) =>
    `${JSON.stringify({ log, stream: "stdout", time: "2026-01-02T03:04:05.000000006Z" })}\n`;
  writeFileSync(path, `${line("one\n")}{"log":"tw\n\u0001\n${line("three\n")}`);
  await using file = await open(path);
  const read = async (from: number, complete: boolean) => {
    const found = await Array.fromAsync(readRecords(file, from, { chunkSize: 16, complete }));
    return { texts: found.map(({ record }) => `${record.stream} ${record.text}`), end: found.at(-1)?.end };
  };
  const records = (count: string) => `stderr [tbox: ${count} unreadable, the log file was damaged]\n`;
  const first = await read(0, true);
  expect(first.texts).toEqual(["stdout one\n", records("2 log records are"), "stdout three\n"]);
  // The record that is being written is not damaged; the last one of an ended container is.
  const four = line("four\n");
  appendFileSync(path, four.slice(0, 20));
  expect(await read(first.end ?? 0, false)).toEqual({ texts: [], end: undefined });
  expect((await read(first.end ?? 0, true)).texts).toEqual([records("1 log record is")]);
  appendFileSync(path, four.slice(20));
  expect((await read(first.end ?? 0, false)).texts).toEqual(["stdout four\n"]);
});
