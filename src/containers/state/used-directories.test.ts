import { expect, test } from "bun:test";
import type { UsedDirectory } from "#native/protocol/work.ts";
import { until } from "#test/support/until.ts";
import { openUsedDirectories } from "./used-directories.ts";

/** Opens used directories with a worker that makes every directory ready. */
function open(empty?: (directories: UsedDirectory[]) => Promise<string[]>) {
  const emptied: UsedDirectory[] = [];
  const removed: string[] = [];
  const warnings: unknown[] = [];
  const used = openUsedDirectories({
    empty:
      empty ??
      (async (directories) => {
        emptied.push(...directories);
        return directories.map(({ path }) => path.replace("containers/", ".ready-"));
      }),
    remove: async (paths) => void removed.push(...paths),
    files: ["hosts"],
    warn: (_, error) => void warnings.push(error),
  });
  return { used, emptied, removed, warnings };
}

test("directories of removed containers are emptied and taken once", async () => {
  const { used, emptied } = open();
  used.recycle("aa", { isolated: true });
  used.recycle("bb", { isolated: false });
  expect(used.take()).toBeUndefined();
  await until(() => emptied.length === 2);
  expect(emptied).toEqual([
    { path: "containers/aa", isolated: true, files: ["hosts"] },
    { path: "containers/bb", isolated: false, files: ["hosts"] },
  ]);
  const taken: (string | undefined)[] = [];
  await until(() => taken.push(used.take()) > 0 && taken.filter(Boolean).length === 2);
  expect(taken.filter(Boolean).sort()).toEqual([".ready-aa", ".ready-bb"]);
  expect(used.take()).toBeUndefined();
});

test("directories above the limit are deleted", async () => {
  const { used, emptied, removed } = open();
  for (let number = 0; number < 60; number++) used.recycle(`${number}`, { isolated: true });
  await until(() => removed.length > 0);
  expect(emptied.length + removed.length).toBe(60);
  expect(removed).toHaveLength(12);
});

test("all directories are deleted at the end", async () => {
  const { used, removed } = open();
  used.recycle("aa", { isolated: true });
  await used.drop();
  expect(removed).toEqual(["containers/aa"]);
});

test("a failure of the worker is reported", async () => {
  const { used, warnings } = open(() => Promise.reject(new Error("no room")));
  used.recycle("aa", { isolated: true });
  await until(() => warnings.length > 0);
  expect(used.take()).toBeUndefined();
});
