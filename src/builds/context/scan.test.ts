import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { openHostTree } from "#support/host-tree.ts";
import { compileIgnorePatterns } from "#support/ignore-patterns.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { type DigestCache, scanTree } from "./scan.ts";

let directory: TemporaryDirectory;
beforeEach(() => {
  directory = temporaryDirectory("scan");
});
afterEach(() => directory[Symbol.dispose]());

/** Creates files; a name that ends with a slash is a directory. */
function create(...names: string[]): void {
  for (const name of names) {
    const path = `${directory.path}/${name}`;
    mkdirSync(name.endsWith("/") ? path : path.replace(/\/[^/]*$/, ""), { recursive: true });
    if (!name.endsWith("/")) writeFileSync(path, name);
  }
}

async function scan(patterns: string[] = [], known?: DigestCache) {
  const tree = openHostTree(directory.path, { owned: false });
  const listing = await scanTree(tree, compileIgnorePatterns(patterns), known);
  return Object.assign(listing, { [Symbol.dispose]: () => tree[Symbol.dispose]() });
}

test("a listing has each directory before its entries, sorted by name", async () => {
  create("b/x", "b-c", "a", "b/a/z", "b.d");
  using listing = await scan();
  expect([...listing.below("")]).toEqual(["a", "b", "b/a", "b/a/z", "b/x", "b-c", "b.d"]);
  expect([...listing.below("b")]).toEqual(["b/a", "b/a/z", "b/x"]);
  expect(listing.find("b")?.kind).toBe("directory");
  expect(listing.find("")?.kind).toBe("directory");
  expect(listing.find("none")).toBeUndefined();
});

test.each([
  [["*.log"], ["a", "a/keep.txt", "a/x.log", "empty"], ["x.log"]],
  [["**/*.log"], ["a", "a/keep.txt", "empty"], ["a/x.log", "x.log"]],
  [
    ["*", "!a/keep.txt"],
    ["a", "a/keep.txt"],
    ["a/x.log", "empty", "x.log"],
  ],
  [["*", "!**/none"], [], ["a", "empty", "x.log"]],
  [["a"], ["empty", "x.log"], ["a"]],
  [["[a-b]", "x?log"], ["empty"], ["a", "x.log"]],
  [["[^a]*"], ["a", "a/keep.txt", "a/x.log"], ["empty", "x.log"]],
  [["**keep.txt"], ["a", "a/x.log", "empty", "x.log"], ["a/keep.txt"]],
])(
  "the patterns %j exclude files, and the smallest set of paths is reported",
  async (patterns, kept, ignored) => {
    create("a/keep.txt", "a/x.log", "x.log", "empty/");
    using listing = await scan(patterns);
    expect([...listing.below("")]).toEqual(kept);
    expect(listing.ignored.toSorted()).toEqual(ignored);
  },
);

test("a digest depends on names, modes, contents and targets, and not on times", async () => {
  create("a/x", "a/y");
  symlinkSync("x", `${directory.path}/a/link`);
  const digest = async (skip: string[] = []) => {
    using listing = await scan();
    return await listing.digest("a", skip);
  };
  const first = await digest();
  utimesSync(`${directory.path}/a/x`, 1, 1);
  expect(await digest()).toBe(first);
  const seen = new Set([first, await digest(["y"])]);
  writeFileSync(`${directory.path}/a/x`, "other");
  seen.add(await digest());
  chmodSync(`${directory.path}/a/x`, 0o755);
  seen.add(await digest());
  renameSync(`${directory.path}/a/link`, `${directory.path}/a/link2`);
  seen.add(await digest());
  expect(seen.size).toBe(5);
  using listing = await scan();
  expect(listing.digest("none", [])).rejects.toThrow("none: not found in the build context");
});

test("a file that changes between two builds gets a new digest", async () => {
  create("a", "b");
  const known: DigestCache = {};
  using first = await scan([], known);
  const before = await first.digest("", []);
  writeFileSync(`${directory.path}/b`, "c");
  using second = await scan([], known);
  expect(await second.digest("", [])).not.toBe(before);
  writeFileSync(`${directory.path}/b`, "b");
  using third = await scan([], known);
  expect(await third.digest("", [])).toBe(before);
});

test("an unreadable file fails the build with its name", async () => {
  create("a/secret");
  chmodSync(`${directory.path}/a/secret`, 0o000);
  using listing = await scan();
  if (process.getuid?.() === 0) return;
  expect(listing.digest("", [])).rejects.toThrow("read a/secret of the build context: Permission denied");
});

test("a listing that is kept for the next build holds no descriptor", async () => {
  create("a/x");
  const known: DigestCache = {};
  const open = () => readdirSync("/proc/self/fd").length;
  const before = open();
  for (let round = 0; round < 20; round++) {
    using listing = await scan([], known);
    await listing.digest("", []);
  }
  expect(open()).toBe(before);
});

test("only the latest listings stay in memory", async () => {
  create("a/x");
  const known: DigestCache = {};
  const kept: WeakRef<object>[] = [];
  for (let round = 0; round < 20; round++) {
    using _listing = await scan([], known);
    kept.push(new WeakRef(known.latest ?? {}));
  }
  // A reference that is read stays until the next turn of the event loop.
  await Bun.sleep(0);
  Bun.gc(true);
  expect(kept.filter((one) => one.deref() !== undefined).length).toBeLessThan(10);
});

test("a released listing is empty, and the next build hashes again", async () => {
  create("a/x");
  const known: DigestCache = {};
  using first = await scan([], known);
  const digest = await first.digest("", []);
  known.latest?.[Symbol.dispose]();
  expect(known.latest?.count()).toBe(0);
  expect(await first.digest("", [])).toBe(digest);
  using second = await scan([], known);
  expect(await second.digest("", [])).toBe(digest);
});
