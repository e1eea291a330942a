import { afterAll, beforeAll, expect, test } from "bun:test";
import { closeSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { openCgroup } from "./cgroup.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(`${tmpdir()}/tbox-cgroup-`);
});
afterAll(() => rmSync(root, { recursive: true }));

test("children are created and removed, files are written and read", () => {
  const cgroup = openCgroup(root);
  const child = cgroup.ensureChild("one");
  cgroup.ensureChild("one");
  writeFileSync(`${child.path}/pids.max`, "");
  child.write("pids.max", "5");
  expect(child.read("pids.max")).toBe("5");
  closeSync(cgroup.openChild("one"));
  expect(cgroup.children()).toEqual(["one"]);
  rmSync(`${child.path}/pids.max`);
  child.ensureChild("below");
  cgroup.removeChild("one");
  cgroup.removeChild("one");
  expect(existsSync(child.path)).toBe(false);
});

test("a child is removed when its settings cannot be written", () => {
  const cgroup = openCgroup(root);
  closeSync(cgroup.prepareChild("plain", []));
  const refused = () => cgroup.prepareChild("limited", [["memory.max", "1"]]);
  expect(refused).toThrow(expect.objectContaining({ code: "ENOENT" }));
  expect(cgroup.children()).toEqual(["plain"]);
});

test("a name outside the directory is refused", () => {
  const cgroup = openCgroup(root);
  expect(() => cgroup.ensureChild("../x")).toThrow(expect.objectContaining({ code: "EINVAL" }));
  expect(() => cgroup.read("a/b")).toThrow(expect.objectContaining({ code: "EINVAL" }));
  expect(() => cgroup.read("none")).toThrow(expect.objectContaining({ code: "ENOENT" }));
});
