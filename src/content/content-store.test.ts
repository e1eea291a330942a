import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { digestOf, splitDigest } from "#oci/digest.ts";
import type { ContentStore } from "./content-store.ts";
import { openDiskContentStore } from "./open-content-store.ts";

const text = new TextEncoder().encode("the bytes of a blob");
const expected = { digest: digestOf(text), size: text.byteLength };
let root: string;
let store: ContentStore;

beforeEach(async () => {
  root = await mkdtemp(`${tmpdir()}/tbox-content-`);
  store = await openDiskContentStore(root);
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function* pieces(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}
const from =
  (...parts: Uint8Array[]) =>
  async () => ({ offset: 0, bytes: pieces(...parts) });

describe("the content store", () => {
  test("a new store is an image layout without images", async () => {
    expect(await Bun.file(`${root}/oci-layout`).json()).toEqual({ imageLayoutVersion: "1.0.0" });
    expect(await Bun.file(`${root}/index.json`).json()).toEqual({ schemaVersion: 2, manifests: [] });
  });

  test("returns the bytes of an ingested blob", async () => {
    await store.ingest(from(text.slice(0, 5), text.slice(5)), expected);
    expect(await store.has(expected.digest)).toBe(true);
    expect(await store.read(expected.digest, 100)).toEqual(text);
    expect(await store.list()).toEqual([expected.digest]);
  });

  test.each([
    ["other bytes", new TextEncoder().encode("the bytes of a BLOB"), "have the digest"],
    [
      "too many bytes",
      new TextEncoder().encode("the bytes of a blob and more"),
      "is longer than its 19 bytes",
    ],
    ["too few bytes", text.slice(0, 4), "ended after 4 of 19 bytes"],
  ])("refuses %s and shows no blob", async (_, bytes, message) => {
    expect(store.ingest(from(bytes), expected)).rejects.toThrow(message);
    await store.ingest(from(bytes), expected).catch(() => {});
    expect(await store.has(expected.digest)).toBe(false);
    expect(await store.list()).toEqual([]);
  });

  test("an interrupted ingest resumes from its partial file", async () => {
    await store.ingest(from(text.slice(0, 7)), expected).catch(() => {});
    const asked: number[] = [];
    await store.ingest(async (offset) => {
      asked.push(offset);
      return { offset, bytes: pieces(text.slice(offset)) };
    }, expected);
    expect(asked).toEqual([7]);
    expect(await store.read(expected.digest, 100)).toEqual(text);
  });

  test("an ingest starts over if the source does", async () => {
    await store.ingest(from(text.slice(0, 7)), expected).catch(() => {});
    await store.ingest(from(text), expected);
    expect(await store.read(expected.digest, 100)).toEqual(text);
  });

  test("concurrent ingests of one blob read the source once", async () => {
    let opened = 0;
    const source = async () => {
      opened++;
      return { offset: 0, bytes: pieces(text) };
    };
    await store.has(expected.digest);
    const first = store.ingest(source, expected);
    await Promise.all([first, store.ingest(source, expected), store.ingest(source, expected)]);
    expect(opened).toBe(1);
  });

  test("a growing blob can be read before its first byte is written", async () => {
    const { file, complete } = await store.openGrowing(expected.digest);
    await using _ = file;
    expect(complete).toBe(false);
    const read = async () => (await file.read(Buffer.alloc(100), 0, 100, 0)).bytesRead;
    const seen: number[] = [await read()];
    const source = async () => ({ offset: 0, bytes: pieces(text.slice(0, 7), text.slice(7)) });
    const reads: Promise<unknown>[] = [];
    await store.ingest(source, expected, {
      onProgress: () => void reads.push(read().then((length) => seen.push(length))),
    });
    await Promise.all(reads);
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBe(text.length);
    const late = await store.openGrowing(expected.digest);
    await using __ = late.file;
    expect(late.complete).toBe(true);
    expect(await readdir(`${root}/blobs/.partial`)).toEqual([]);
  });

  test("reading a damaged blob fails", async () => {
    await store.put(text);
    await Bun.write(`${root}/blobs/sha256/${splitDigest(expected.digest).hex}`, "the bytes of a bl0b");
    expect(store.read(expected.digest, 100)).rejects.toThrow("is damaged");
  });

  test("a stream of unknown digest is stored under its computed digest", async () => {
    expect(await store.adopt(pieces(text.slice(0, 3), text.slice(3)))).toEqual(expected);
    expect(await readdir(`${root}/blobs/.partial`)).toEqual([]);
  });
});
