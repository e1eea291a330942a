import { expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { openDiskContentStore } from "#content/open-content-store.ts";
import { type Digest, splitDigest } from "#oci/digest.ts";
import { type ContentStoreSubject, describeContentStore } from "./content-store.ts";

async function openOnDisk(): Promise<ContentStoreSubject & { root: string }> {
  const root = await mkdtemp(`${tmpdir()}/tbox-content-`);
  return {
    root,
    store: await openDiskContentStore(root),
    async damage(digest: Digest, bytes) {
      await Bun.write(`${root}/blobs/sha256/${splitDigest(digest).hex}`, bytes);
    },
    partials: () => readdir(`${root}/blobs/.partial`),
    index: () => Bun.file(`${root}/index.json`).json(),
    reopen: () => openDiskContentStore(root),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

describeContentStore("the content store on disk", openOnDisk);

test("a new store on disk is an OCI image layout without images", async () => {
  await using subject = await openOnDisk();
  expect(await Bun.file(`${subject.root}/oci-layout`).json()).toEqual({ imageLayoutVersion: "1.0.0" });
  expect(await subject.index()).toEqual({ schemaVersion: 2, manifests: [] });
});
