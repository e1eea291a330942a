import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, closeSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { errorCode } from "#support/errors.ts";
import { openHostTree } from "#support/host-tree.ts";
import { compileIgnorePatterns } from "#support/ignore-patterns.ts";
import { watched } from "#test/support/progress.ts";
import { whileSwapping } from "#test/support/swapping.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { readContextFile } from "./read-context-file.ts";
import { scanTree } from "./scan.ts";

const secretText = "only for the user";

/** Returns the digest of a listed file. */
function digestOf(text: string, mode: number): string {
  const content = new Bun.CryptoHasher("sha256").update(text).digest("hex");
  return new Bun.CryptoHasher("sha256").update(`\0file\0${mode}\0${content}\0`).digest("hex");
}

let directory: TemporaryDirectory;
beforeEach(() => {
  directory = temporaryDirectory("tree");
  mkdirSync(`${directory.path}/context/sub`, { recursive: true });
  mkdirSync(`${directory.path}/outside`);
  writeFileSync(`${directory.path}/outside/file`, secretText, { mode: 0o600 });
});
afterEach(() => directory[Symbol.dispose]());

describe("a tree of the host", () => {
  test("keeps names that are not UTF-8", async () => {
    const root = Buffer.from(`${directory.path}/context/`);
    const names = [Buffer.of(0xff), Buffer.of(0x63, 0xe9), Buffer.from("\ufffd")];
    for (const name of names) writeFileSync(Buffer.concat([root, name]), name);
    symlinkSync(Buffer.of(0xff), `${directory.path}/context/sub/link`);
    using tree = openHostTree(`${directory.path}/context`, { owned: false });
    const listing = await scanTree(tree, compileIgnorePatterns([]));
    const paths = [...listing.below("")];
    expect(paths.toSorted()).toEqual(["\ufffd", "\u{10ffff}", "c\u{10ffe9}", "sub", "sub/link"].toSorted());
    expect(listing.find("sub/link")?.target).toBe("\u{10ffff}");
    for (const path of paths.filter((one) => listing.find(one)?.kind === "file")) {
      expect(await listing.digest(path, [])).toHaveLength(64);
    }
  });

  test("is read at any depth with few descriptors", async () => {
    let path = `${directory.path}/context`;
    for (let level = 0; level < 400; level++) path += "/d";
    mkdirSync(path, { recursive: true });
    writeFileSync(`${path}/file`, "deep");
    using tree = openHostTree(`${directory.path}/context`, { owned: false });
    const before = readdirSync("/proc/self/fd").length;
    const listing = await scanTree(tree, compileIgnorePatterns([]));
    expect([...listing.below("")]).toHaveLength(402);
    await listing.digest("", []);
    expect(readdirSync("/proc/self/fd").length - before).toBeLessThan(300);
    // The runtime's own function takes long for deep trees.
    Bun.spawnSync(["rm", "-rf", `${directory.path}/context/d`]);
  });

  test("keeps its modes: an unreadable file is refused, but is read if the build owns the tree", () => {
    const path = `${directory.path}/context/file`;
    writeFileSync(path, "text");
    chmodSync(path, 0o000);
    if (process.getuid?.() !== 0) {
      using shared = openHostTree(`${directory.path}/context`, { owned: false });
      expect(() => shared.open("file")).toThrow("EACCES");
    }
    using owned = openHostTree(`${directory.path}/context`, { owned: true });
    closeSync(owned.open("file"));
    expect(lstatSync(path).mode & 0o777).toBe(0);
  });
});

describe("while another program swaps files for links", () => {
  const read = async (path: string) => {
    for (const owned of [false, true]) {
      using tree = openHostTree(`${directory.path}/context`, { owned });
      try {
        const listing = await scanTree(tree, compileIgnorePatterns([]));
        if (listing.find(path)?.kind === "file") {
          const digest = await listing.digest(path, []);
          for (const mode of [0o000, 0o600, 0o644]) expect(digest).not.toBe(digestOf(secretText, mode));
        }
      } catch (error) {
        expect(errorCode(error)).toBe("forbidden");
      }
      const text = await readContextFile(tree, path, 1000).catch(() => "");
      expect(text ?? "").not.toContain(secretText);
    }
    expect(lstatSync(`${directory.path}/outside/file`).mode & 0o7777).toBe(0o600);
  };

  test(
    "no mode outside the tree changes, and nothing outside is read",
    async () => {
      const context = `${directory.path}/context`;
      writeFileSync(`${context}/file`, "unreadable");
      chmodSync(`${context}/file`, 0o000);
      symlinkSync("../outside/file", `${context}/link`);
      await whileSwapping(`${context}/file`, `${context}/link`, () => read("file"));
    },
    watched,
  );

  test(
    "no directory that becomes a link is followed",
    async () => {
      const context = `${directory.path}/context`;
      writeFileSync(`${context}/sub/file`, "inside");
      symlinkSync("../outside", `${context}/link`);
      await whileSwapping(`${context}/sub`, `${context}/link`, () => read("sub/file"));
    },
    watched,
  );
});
