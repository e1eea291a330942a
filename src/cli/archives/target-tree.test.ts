import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { swapRounds } from "#test/support/swapping.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import { openTargetTree } from "./target-tree.ts";

let root: TemporaryDirectory;
let out: string;
let own: string;
beforeEach(() => {
  root = temporaryDirectory("target");
  out = `${root.path}/out`;
  own = `${root.path}/own`;
  mkdirSync(out);
  mkdirSync(own, { mode: 0o700 });
  writeFileSync(`${own}/key`, "private", { mode: 0o600 });
});
afterEach(() => root[Symbol.dispose]());

const open = { mode: 0o777, time: new Date(0) };
const bytes = () => new Blob(["from the container"]).stream();

function expectUntouched(): void {
  expect(statSync(own).mode & 0o777).toBe(0o700);
  expect(statSync(own).mtimeMs).toBeGreaterThan(0);
  expect(statSync(`${own}/key`).mode & 0o777).toBe(0o600);
  expect(readFileSync(`${own}/key`, "utf8")).toBe("private");
}

test("a link in the place of a directory is refused and its target stays as it is", () => {
  symlinkSync(own, `${out}/d`);
  using tree = openTargetTree(out);
  expect(() => tree.addDirectory(["d"], open)).toThrow('"d" is not a directory');
  expect(() => tree.addDirectory(["d", "sub"], open)).toThrow('"d" is not a directory');
  tree.finish();
  expectUntouched();
  expect(existsSync(`${own}/sub`)).toBe(false);
});

test("a link in the place of a file is replaced", async () => {
  symlinkSync(`${own}/key`, `${out}/f`);
  using tree = openTargetTree(out);
  await tree.addFile(["f"], open, bytes());
  expect(lstatSync(`${out}/f`).isFile()).toBe(true);
  expect(statSync(`${out}/f`).mode & 0o777).toBe(0o777);
  expectUntouched();
});

test("a hard link reaches no file through a link", () => {
  symlinkSync(own, `${out}/d`);
  using tree = openTargetTree(out);
  expect(() => tree.addHardLink(["copy"], ["d", "key"])).toThrow('"d" is not a directory');
  expect(existsSync(`${out}/copy`)).toBe(false);
});

test("files are written into a directory whose mode forbids writing", async () => {
  {
    using tree = openTargetTree(out);
    tree.addDirectory(["d"], { mode: 0o500, time: new Date(86_400_000) });
    await tree.addFile(["d", "f"], open, bytes());
    tree.finish();
  }
  expect(statSync(`${out}/d`).mode & 0o777).toBe(0o500);
  expect(statSync(`${out}/d`).mtimeMs).toBe(86_400_000);
  expect(readFileSync(`${out}/d/f`, "utf8")).toBe("from the container");
});

test("a directory is not replaced by a file", async () => {
  mkdirSync(`${out}/d`);
  using tree = openTargetTree(out);
  await expect(tree.addFile(["d"], open, bytes())).rejects.toThrow("cannot overwrite the directory");
});

/** Program that replaces a directory by a link to another one, and back, forever. */
const swapper = `
const fs = require("node:fs");
const [place, target, spare] = process.argv.slice(1);
const attempt = (step) => { try { step(); } catch {} };
for (;;) {
  attempt(() => fs.renameSync(place, spare));
  attempt(() => fs.symlinkSync(target, place));
  attempt(() => fs.unlinkSync(place));
  attempt(() => fs.renameSync(spare, place));
  attempt(() => fs.rmSync(spare, { recursive: true, force: true }));
}`;

test("a directory that is swapped for a link during an unpack changes nothing outside", async () => {
  mkdirSync(`${out}/d`);
  const first = lstatSync(out).ctimeMs;
  const child = Bun.spawn([process.execPath, "-e", swapper, `${out}/d`, own, `${out}/spare`]);
  // Rounds that a swap has hit: there is at least one.
  let refused = 0;
  try {
    await until(() => lstatSync(out).ctimeMs !== first);
    for (let round = 0; round < swapRounds || refused === 0; round++) {
      using tree = openTargetTree(out);
      try {
        tree.addDirectory(["d"], open);
        await tree.addFile(["d", "f"], open, bytes());
        tree.addSymbolicLink(["d", "l"], "f");
        tree.finish();
      } catch {
        refused++;
      }
    }
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
  expectUntouched();
  expect(existsSync(`${own}/f`) || existsSync(`${own}/l`)).toBe(false);
}, 600_000);
