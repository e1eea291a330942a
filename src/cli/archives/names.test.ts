import { expect, test } from "bun:test";
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { temporaryDirectory } from "#test/support/temp.ts";
import { packTree } from "./pack-tree.ts";
import { unpackArchive } from "./unpack-archive.ts";

const at = (...parts: (string | Buffer)[]) => Buffer.concat(parts.map((part) => Buffer.from(part)));

test("names of any bytes and lengths, links and contents survive packing and unpacking", async () => {
  using top = temporaryDirectory("names");
  const source = `${top.path}/source`;
  mkdirSync(source);
  const names = [
    Buffer.of(0xff),
    Buffer.of(0x63, 0xe9),
    Buffer.from("ü漢"),
    Buffer.alloc(180, 0xfe),
    Buffer.from("n".repeat(200)),
  ];
  for (const name of names) {
    const directory = at(source, "/", name);
    mkdirSync(directory);
    writeFileSync(at(directory, "/", name), name);
    linkSync(at(directory, "/", name), at(directory, "/hard"));
    symlinkSync(name, at(directory, "/soft"));
  }
  Bun.spawnSync(["mkfifo", `${source}/pipe`]);
  writeFileSync(`${source}/large`, Buffer.alloc(700_001, "x"));
  const { stream, done } = packTree({ path: source, name: "source", followLink: false, keepOwners: false });
  const archive = await new Response(stream).bytes();
  await done;
  await Bun.write(`${top.path}/a.tar`, archive);
  const target = `${top.path}/target`;
  for (const unpack of [
    async () => void (await unpackArchive(new Blob([archive]).stream(), { source: "/source", target })),
    // GNU tar reads the archive, too.
    async () => {
      mkdirSync(target);
      const { exitCode } = Bun.spawnSync([
        "tar",
        "-xf",
        `${top.path}/a.tar`,
        "--strip-components=1",
        "-C",
        target,
      ]);
      expect(exitCode).toBe(0);
    },
  ]) {
    await unpack();
    const found = readdirSync(target, { encoding: "buffer" }).map((name) => name.toString("latin1"));
    expect(found.filter((name) => !["large", "pipe"].includes(name)).sort()).toEqual(
      names.map((name) => name.toString("latin1")).sort(),
    );
    for (const name of names) {
      const directory = at(target, "/", name);
      expect(readFileSync(at(directory, "/", name))).toEqual(name);
      expect(readlinkSync(at(directory, "/soft"), { encoding: "buffer" })).toEqual(name);
      expect(statSync(at(directory, "/hard")).ino).toBe(statSync(at(directory, "/", name)).ino);
    }
    expect(statSync(`${target}/large`).size).toBe(700_001);
    Bun.spawnSync(["rm", "-r", target]);
  }
});
