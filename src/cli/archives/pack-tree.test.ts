import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { watched } from "#test/support/progress.ts";
import { whileSwapping } from "#test/support/swapping.ts";
import { tarNames } from "#test/support/tar.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { packTree } from "./pack-tree.ts";

const secret = "only for the user";

let top: TemporaryDirectory;
let shared: string;
beforeEach(() => {
  top = temporaryDirectory("pack");
  shared = `${top.path}/shared`;
  mkdirSync(`${shared}/sub`, { recursive: true });
  mkdirSync(`${top.path}/own`);
  writeFileSync(`${top.path}/own/file`, secret, { mode: 0o600 });
  writeFileSync(`${shared}/sub/file`, "shared");
});
afterEach(() => top[Symbol.dispose]());

async function packed(path: string, followLink = false): Promise<Buffer> {
  const { stream, done } = packTree({ path, name: "copy", followLink, keepOwners: false });
  const archive = await new Response(stream).bytes();
  await done;
  return Buffer.from(archive);
}

describe("while another program swaps a file of a copied directory for a link", () => {
  /** Packs the directory. An error is accepted if the swap explains it. */
  async function expectNothingOutside(): Promise<void> {
    const archive = await packed(shared).catch((error) => {
      expect(String(error)).toMatch(/ENOENT|ELOOP|ENOTDIR|EINVAL|was replaced/);
      return Buffer.from("");
    });
    expect(archive.includes(secret)).toBe(false);
  }

  test(
    "no file outside the directory is read",
    async () => {
      writeFileSync(`${shared}/file`, "shared");
      symlinkSync("../own/file", `${shared}/link`);
      await whileSwapping(`${shared}/file`, `${shared}/link`, expectNothingOutside);
    },
    watched,
  );

  test(
    "no directory outside the directory is read",
    async () => {
      symlinkSync("../own", `${shared}/link`);
      await whileSwapping(`${shared}/sub`, `${shared}/link`, expectNothingOutside);
    },
    watched,
  );
});

test("a link that the user names is packed as a link, and is followed on request", async () => {
  symlinkSync("sub", `${shared}/link`);
  symlinkSync("sub/file", `${shared}/to-file`);
  expect(await tarNames(await packed(`${shared}/link`))).toEqual(["copy"]);
  expect(await tarNames(await packed(`${shared}/link`, true))).toEqual(["copy/", "copy/file"]);
  expect((await packed(`${shared}/to-file`)).includes("shared")).toBe(false);
  expect((await packed(`${shared}/to-file`, true)).includes("shared")).toBe(true);
});
