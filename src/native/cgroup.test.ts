import { afterAll, beforeAll, expect, test } from "bun:test";
import { closeSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { findDelegatedCgroup, openCgroup } from "./cgroup.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(`${tmpdir()}/tbox-cgroup-`);
});
afterAll(() => rmSync(root, { recursive: true }));

test("children come and go, files are written and read", () => {
  const cgroup = openCgroup(root);
  const child = cgroup.ensureChild("one");
  cgroup.ensureChild("one");
  writeFileSync(`${child.path}/pids.max`, "");
  child.write("pids.max", "5");
  expect(child.read("pids.max")).toBe("5");
  closeSync(cgroup.openChild("one"));
  rmSync(`${child.path}/pids.max`);
  cgroup.removeChild("one");
  cgroup.removeChild("one");
  expect(existsSync(child.path)).toBe(false);
});

test("a name that leaves the directory is refused", () => {
  const cgroup = openCgroup(root);
  expect(() => cgroup.ensureChild("../x")).toThrow(expect.objectContaining({ code: "EINVAL" }));
  expect(() => cgroup.read("a/b")).toThrow(expect.objectContaining({ code: "EINVAL" }));
  expect(() => cgroup.read("none")).toThrow(expect.objectContaining({ code: "ENOENT" }));
});

test("without a cgroup v2 mount there is none to use", () => {
  mkdirSync(`${root}/self`);
  writeFileSync(`${root}/self/cgroup`, "0::/a\n");
  writeFileSync(`${root}/self/mountinfo`, "24 30 0:22 / /proc rw - proc proc rw\n");
  expect(findDelegatedCgroup(root)).toBeUndefined();
});
