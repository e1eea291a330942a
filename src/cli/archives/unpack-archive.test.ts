import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type TarEntry, tar } from "#test/support/tar.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { unpackArchive } from "./unpack-archive.ts";

let directory: TemporaryDirectory;
beforeEach(() => {
  directory = temporaryDirectory("unpack");
  writeFileSync(`${directory.path}/outside`, "outside");
});
afterEach(() => directory[Symbol.dispose]());

function unpack(entries: TarEntry[], bare: boolean): Promise<void> {
  const target = `${directory.path}/out`;
  const source = bare ? "/." : "/d";
  return unpackArchive(new Blob([Buffer.from(tar(entries))]).stream(), { source, target, bare });
}

test.each([
  { bare: true, prefix: "" },
  { bare: false, prefix: "d/" },
])("hard links of an archive are hard links on the host: %j", async ({ bare, prefix }) => {
  const top: TarEntry[] = bare ? [] : [{ path: "d/", type: "directory" }];
  const entries: TarEntry[] = [
    ...top,
    { path: `${prefix}a`, content: "text" },
    { path: `${prefix}sub/`, type: "directory" },
    { path: `${prefix}sub/b`, type: "hardlink", target: `${prefix}a` },
    { path: `${prefix}pipe`, type: "fifo" },
  ];
  if (bare) mkdirSync(`${directory.path}/out`);
  await unpack(entries, bare);
  const out = `${directory.path}/out`;
  expect(statSync(`${out}/sub/b`).ino).toBe(statSync(`${out}/a`).ino);
  expect(readFileSync(`${out}/sub/b`, "utf8")).toBe("text");
  expect(lstatSync(`${out}/pipe`).isFIFO()).toBe(true);
});

test("long names that are not UTF-8 are unpacked from an archive with extended headers", async () => {
  const source = Buffer.from(`${directory.path}/source`);
  const name = Buffer.alloc(180, 0xfe);
  mkdirSync(source);
  writeFileSync(Buffer.concat([source, Buffer.from("/"), name]), "content");
  symlinkSync(name, Buffer.concat([source, Buffer.from("/link")]));
  const archive = `${directory.path}/a.tar`;
  const packed = Bun.spawnSync(["tar", "--format=pax", "-cf", archive, "-C", directory.path, "source"]);
  expect(packed.exitCode).toBe(0);
  const target = `${directory.path}/out`;
  await unpackArchive(Bun.file(archive).stream(), { source: "/source", target });
  const found = readdirSync(target, { encoding: "buffer" });
  expect(found.map((one) => one.toString("latin1")).sort()).toEqual(["link", name.toString("latin1")].sort());
  expect(readlinkSync(`${target}/link`, { encoding: "buffer" })).toEqual(name);
  expect(readFileSync(Buffer.concat([Buffer.from(`${target}/`), name]), "utf8")).toBe("content");
});

test("a hard link leads to no file outside of the target", async () => {
  mkdirSync(`${directory.path}/out`);
  const link = (target: string): TarEntry => ({ path: "b", type: "hardlink", target });
  await expect(unpack([link("../outside")], true)).rejects.toThrow('the name contains ".."');
  await expect(unpack([link("missing")], true)).rejects.toThrow("which is not a file");
  const up: TarEntry = { path: "up", type: "symlink", target: ".." };
  await expect(unpack([up, link("up/outside")], true)).rejects.toThrow("is not a directory");
  await unpack([{ path: "l", type: "symlink", target: "../outside" }, link("l")], true);
  expect(lstatSync(`${directory.path}/out/b`).isSymbolicLink()).toBe(true);
  expect(statSync(`${directory.path}/outside`).nlink).toBe(1);
});

test("unpacking changes no target of a link that another user put in the destination", async () => {
  const own = `${directory.path}/own`;
  mkdirSync(own, { mode: 0o700 });
  mkdirSync(`${directory.path}/out`);
  symlinkSync(own, `${directory.path}/out/d`);
  const entry: TarEntry = { path: "d/", type: "directory", mode: 0o777, mtime: 1 };
  await expect(unpack([entry], false)).rejects.toThrow('"d" is not a directory');
  expect(statSync(own).mode & 0o777).toBe(0o700);
  expect(statSync(own).mtimeMs).not.toBe(1000);
});
