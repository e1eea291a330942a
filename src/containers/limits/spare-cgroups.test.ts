import { beforeEach, expect, test } from "bun:test";
import { fstatSync, openSync } from "node:fs";
import type { Cgroup } from "#native/cgroup/cgroup.ts";
import type { Zygote } from "#native/zygote/zygote.ts";
import { openSpareCgroups } from "./spare-cgroups.ts";

let created: string[];
let removed: string[];
let passed: number[];
let warnings: string[];

beforeEach(() => {
  created = [];
  removed = [];
  passed = [];
  warnings = [];
});

/** A cgroup whose children are descriptors of /dev/null. */
function fakeCgroup(path: string): Cgroup {
  const prepareChild = (name: string) => {
    if (path === "/full") throw new Error("no space");
    created.push(name);
    return openSync("/dev/null", "r");
  };
  return { path, prepareChild } satisfies Pick<Cgroup, "path" | "prepareChild"> as unknown as Cgroup;
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
  expect(spares.take(base)).toBeUndefined();
  spares.prepare();
  expect(spares.take(base)).toBe("next-0");
  expect(spares.take(base)).toBe("next-1");
  spares.prepare();
  expect(spares.take(base)).toBe("next-2");
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
  expect(spares.take(base)).toBeUndefined();
  spares.prepare();
  expect(removed).toEqual(["/old/next-0", "/old/next-1", "/old/next-2", "/old/next-3"]);
  expect(spares.take(base)).toBe("next-4");
  spares[Symbol.dispose]();
  expect(removed.slice(4)).toEqual(["/new/next-5", "/new/next-6", "/new/next-7"]);
});

test("no spare cgroup is created without a delegation, and a failure is logged", () => {
  open(undefined).spares.prepare();
  expect({ created, warnings }).toEqual({ created: [], warnings: [] });
  open(fakeCgroup("/full")).spares.prepare();
  expect(warnings).toEqual(["create cgroups for the next containers"]);
});
