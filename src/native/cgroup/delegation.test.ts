import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { prepareDelegation } from "./delegation.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(`${tmpdir()}/tbox-delegation-`);
});
afterAll(() => rmSync(root, { recursive: true }));

/** Creates a hierarchy of plain files: they keep what is written and enable no controller. */
function hierarchy(
  name: string,
  { membership = "0::/own\n", files = {} }: { membership?: string; files?: Record<string, string> },
) {
  const proc = `${root}/${name}/proc`;
  const own = `${root}/${name}/cgroup/own`;
  for (const process of ["self", String(process_), "7"]) {
    mkdirSync(`${proc}/${process}`, { recursive: true });
    writeFileSync(`${proc}/${process}/cgroup`, membership);
  }
  const mount = `31 24 0:27 / ${root}/${name}/cgroup rw - cgroup2 cgroup2 rw\n`;
  writeFileSync(`${proc}/self/mountinfo`, mount);
  mkdirSync(own, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(`${own}/${file}`, text);
  return { proc, own };
}

const process_ = process.pid;
const delegated = {
  "cgroup.procs": "",
  "cgroup.controllers": "cpu memory pids\n",
  "cgroup.subtree_control": "memory pids\n",
};

test("enabled controllers limit containers", async () => {
  const { proc, own } = hierarchy("passed", { files: delegated });
  const found = await prepareDelegation({ proc, process: 7, managed: false });
  expect(found.base?.path).toBe(own);
  // The kernel would enable cpu; a plain file only keeps the written text.
  expect(readFileSync(`${own}/cgroup.subtree_control`, "utf8")).toStartWith("+cpu");
  expect(found.obstacle("io")).toEqual({
    reason: 'the cgroup controller "io" is not delegated to this user',
    remedy: `echo +io | sudo tee ${own.slice(0, own.lastIndexOf("/"))}/cgroup.subtree_control`,
  });
});

test("a process in the leaf cgroup is delegated its parent", async () => {
  const { proc, own } = hierarchy("leaf", { membership: "0::/own/tbox.init\n", files: delegated });
  expect((await prepareDelegation({ proc, process: 7, managed: true })).base?.path).toBe(own);
});

test("under systemd the remedy for a missing controller is a drop-in", async () => {
  const { proc } = hierarchy("managed", { files: delegated });
  const { remedy } = (await prepareDelegation({ proc, process: 7, managed: true })).obstacle("cpuset");
  expect(remedy).toContain("/etc/systemd/system/user@.service.d");
  expect(remedy).toContain("Delegate=cpu cpuset io memory pids");
});

test("a cgroup of another user is not delegated", async () => {
  const { proc, own } = hierarchy("foreign", { files: { "cgroup.controllers": "memory\n" } });
  const found = await prepareDelegation({ proc, process: 7, managed: true });
  expect(found.base).toBeUndefined();
  expect(found.controllers.size).toBe(0);
  expect(found.obstacle("memory")).toEqual({
    reason: `the cgroup ${own} is not delegated to this user`,
    remedy: 'sudo loginctl enable-linger "$USER" && tbox daemon stop',
  });
});

test.each([
  ["alone", "9:memory:/x\n"],
  ["beside version 2", "9:memory:/x\n0::/own\n"],
])("cgroup version 1 %s offers no limits", async (name, membership) => {
  const { proc } = hierarchy(`old-${name.replaceAll(" ", "-")}`, {
    membership,
    files: { "cgroup.controllers": "" },
  });
  const found = await prepareDelegation({ proc, process: 7, managed: true });
  expect(found.base).toBeUndefined();
  expect(found.obstacle("memory").reason).toContain("cgroup v1");
});
