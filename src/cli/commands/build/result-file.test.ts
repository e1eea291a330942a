import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { writeResultFile } from "./result-file.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/tbox-test-`);
  writeFileSync(`${directory}/precious`, "mine");
  symlinkSync("precious", `${directory}/id`);
});
afterEach(() => rmSync(directory, { recursive: true }));

test.each([0o777, 0o1777, 0o770])("a link in a directory that others can write is replaced: %o", (mode) => {
  chmodSync(directory, mode);
  writeResultFile(`${directory}/id`, "sha256:1");
  expect(readFileSync(`${directory}/precious`, "utf8")).toBe("mine");
  expect(lstatSync(`${directory}/id`).isFile()).toBe(true);
  expect(readFileSync(`${directory}/id`, "utf8")).toBe("sha256:1");
  expect(readdirSync(directory).sort()).toEqual(["id", "precious"]);
});

test("a link in the user's own directory is followed", () => {
  writeResultFile(`${directory}/id`, "sha256:1");
  expect(readFileSync(`${directory}/precious`, "utf8")).toBe("sha256:1");
});

test("a missing directory is named", () => {
  expect(() => writeResultFile(`${directory}/none/id`, "")).toThrow(`cannot write ${directory}/none/id`);
});
