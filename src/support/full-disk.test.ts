import { expect, test } from "bun:test";
import { TboxError } from "./errors.ts";
import { describeFullDisk, isFullDisk } from "./full-disk.ts";

const withCode = (code: string) => Object.assign(new Error("write"), { code });

test.each([
  ["an error of Node", withCode("ENOSPC"), true],
  ["an exceeded quota", withCode("EDQUOT"), true],
  ["an error of SQLite", withCode("SQLITE_FULL"), true],
  ["an error of a system call", Object.assign(new Error("write"), { errno: -28 }), true],
  ["a cause", new TboxError("internal", "create", { cause: withCode("ENOSPC") }), true],
  ["a missing file", withCode("ENOENT"), false],
  ["a text", "ENOSPC", false],
])("recognizes a full disk by %s", (_, error, expected) => {
  expect(isFullDisk(error)).toBe(expected);
});

test("describes the free space and a remedy", () => {
  expect(describeFullDisk("/tmp")).toMatch(
    /^the disk of \/tmp is full \(\d+ bytes and \d+ file entries are free\): free space, for example with tbox system prune or tbox rm$/,
  );
  expect(describeFullDisk("/missing")).toStartWith("the disk of /missing is full: ");
});
