import { expect, test } from "bun:test";
import { mkdirSync, readdirSync } from "node:fs";
import { openCgroup } from "#native/cgroup/cgroup.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import type { ContainerServices } from "../services.ts";
import { containerCgroupIn, sweepCgroups } from "./cgroups.ts";

const store = "/store";
const prefix = `tbox-${Bun.hash.crc32(store).toString(16).padStart(8, "0")}-`;

test("of the cgroups of a store, only those that nothing uses are removed", () => {
  using directory = temporaryDirectory("cgroups");
  const base = openCgroup(directory.path);
  const names = ["running", "starting", "spare", "left"].map((name) => `${prefix}${name}`);
  for (const name of [...names, "tbox-00000000-other", "tbox.init"]) mkdirSync(`${base.path}/${name}`);
  const record = (status: string, name: string) => ({
    state: { status },
    cgroup: `${base.path}/${prefix}${name}`,
  });
  const services = {
    store,
    zygote: { delegation: { base } },
    // A start by a restart policy, which the container's record does not show yet.
    records: { all: () => [record("running", "running"), record("exited", "starting")] },
    spareCgroups: { has: (path: string) => path.endsWith("-spare") },
    warn: (message: string) => expect.unreachable(message),
  };
  sweepCgroups(services as unknown as ContainerServices);
  const kept = names.filter((name) => !name.endsWith("-left"));
  expect(readdirSync(base.path).sort()).toEqual([...kept, "tbox-00000000-other", "tbox.init"].sort());
});

test("the cgroup of a container is found from the cgroup of its first process", () => {
  const own = `/sys/fs/cgroup/user.slice/${prefix}next-1`;
  expect(containerCgroupIn(own, store)).toBe(own);
  expect(containerCgroupIn(`${own}/inner/service`, store)).toBe(own);
  expect(containerCgroupIn("/sys/fs/cgroup/user.slice/tbox.init", store)).toBeUndefined();
  expect(containerCgroupIn(own, "/other")).toBeUndefined();
});
