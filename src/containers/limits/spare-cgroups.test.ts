import { afterEach, beforeEach, expect, test } from "bun:test";
import { closeSync, fstatSync, openSync } from "node:fs";
import type { Cgroup } from "#native/cgroup/cgroup.ts";
import type { Zygote } from "#native/zygote/zygote.ts";
import { openSpareCgroups, type SpareCgroups } from "./spare-cgroups.ts";

let created: string[];
let removed: string[];
let passed: number[];
/** Descriptors of all spares that were created. */
let opened: number[];
let warnings: string[];
/** Names that someone else has removed. */
let vanished: Set<string>;
/** Descriptors that `take` has returned. */
let taken: number[];

beforeEach(() => {
  created = [];
  removed = [];
  passed = [];
  opened = [];
  warnings = [];
  vanished = new Set();
  taken = [];
});

afterEach(() => {
  for (const descriptor of taken) closeSync(descriptor);
});

/** A cgroup with room for `room` children, which are descriptors of /dev/null. */
function fakeCgroup(path: string, room = 100): Cgroup {
  const prepareChild = (name: string) => {
    if (created.length === room) throw new Error("no space");
    created.push(name);
    const descriptor = openSync("/dev/null", "r");
    opened.push(descriptor);
    return descriptor;
  };
  const openChild = (name: string) => {
    if (vanished.has(name)) throw Object.assign(new Error("no such cgroup"), { code: "ENOENT" });
    return openSync("/dev/null", "r");
  };
  type Used = Pick<Cgroup, "path" | "prepareChild" | "openChild">;
  return { path, prepareChild, openChild } satisfies Used as unknown as Cgroup;
}

/** Returns the name of the next spare. */
function take(spares: SpareCgroups, base: Cgroup): string | undefined {
  const spare = spares.take(base);
  if (spare) taken.push(spare.descriptor);
  return spare?.name;
}

function open(base: Cgroup | undefined) {
  const zygote = {
    delegation: { base },
    addCgroups: (directories: number[]) => void passed.push(...directories),
  };
  let count = 0;
  const spares = openSpareCgroups({
    zygote: zygote as unknown as Zygote,
    newName: () => `next-${count++}`,
    remove: (path) => void removed.push(path),
    warn: (message) => void warnings.push(message),
  });
  return { spares, zygote };
}

test("four spare cgroups are kept, and used in the order in which the zygote received them", () => {
  const base = fakeCgroup("/base");
  const { spares } = open(base);
  expect(take(spares, base)).toBeUndefined();
  spares.prepare();
  expect(take(spares, base)).toBe("next-0");
  expect(take(spares, base)).toBe("next-1");
  spares.prepare();
  expect(take(spares, base)).toBe("next-2");
  expect(created).toEqual(["next-0", "next-1", "next-2", "next-3", "next-4", "next-5"]);
  expect(passed).toHaveLength(6);
});

test("the descriptors of spare cgroups are closed after the zygote received them", () => {
  const { spares } = open(fakeCgroup("/base"));
  spares.prepare();
  expect(passed).toHaveLength(4);
  for (const descriptor of passed) expect(() => fstatSync(descriptor)).toThrow("EBADF");
});

test("the spare cgroups of a dead zygote, and those left at the daemon's end, are removed", () => {
  const { spares, zygote } = open(fakeCgroup("/old"));
  spares.prepare();
  const base = fakeCgroup("/new");
  zygote.delegation.base = base;
  expect(take(spares, base)).toBeUndefined();
  spares.prepare();
  expect(removed).toEqual(["/old/next-0", "/old/next-1", "/old/next-2", "/old/next-3"]);
  expect(take(spares, base)).toBe("next-4");
  spares[Symbol.dispose]();
  expect(removed.slice(4)).toEqual(["/new/next-5", "/new/next-6", "/new/next-7"]);
});

test("no spare cgroup is created without a delegation, and a failure that lasts is logged once", () => {
  open(undefined).spares.prepare();
  expect({ created, warnings }).toEqual({ created: [], warnings: [] });
  const { spares } = open(fakeCgroup("/full", 0));
  spares.prepare();
  spares.prepare();
  expect(warnings).toEqual(["create cgroups for the next containers"]);
});

test("a spare that someone has removed is passed over", () => {
  const base = fakeCgroup("/base");
  const { spares } = open(base);
  spares.prepare();
  vanished = new Set(["next-0", "next-1"]);
  expect(take(spares, base)).toBe("next-2");
  vanished.add("next-3");
  expect(take(spares, base)).toBeUndefined();
});

test("a failure leaves no cgroup and no descriptor behind, and the next start tries again", () => {
  const base = fakeCgroup("/base", 2);
  const { spares } = open(base);
  spares.prepare();
  expect(removed).toEqual(["/base/next-0", "/base/next-1"]);
  expect(opened).toHaveLength(2);
  for (const descriptor of opened) expect(() => fstatSync(descriptor)).toThrow("EBADF");
  expect(take(spares, base)).toBeUndefined();
  created = [];
  spares.prepare();
  expect(created).toHaveLength(2);
});

test("only the spares that are left count as such", () => {
  const base = fakeCgroup("/base");
  const { spares } = open(base);
  spares.prepare();
  take(spares, base);
  expect(["/base/next-0", "/base/next-1", "/other/next-1"].map(spares.has)).toEqual([false, true, false]);
});
