import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { BlobSource, ContentStore } from "#content/content-store.ts";
import { type Digest, digestOf } from "#oci/digest.ts";
import { errorOf } from "./support/error-of.ts";

/** A new, empty content store and access to its stored blobs. */
export interface ContentStoreSubject extends AsyncDisposable {
  store: ContentStore;
  /** Replaces the stored bytes of a blob. */
  damage(digest: Digest, bytes: string): Promise<void>;
  /** Returns the names of the partial files. */
  partials(): Promise<string[]>;
  /** Returns the layout's index. */
  index(): Promise<unknown>;
  /** Opens the stored data once more, as after a restart. */
  reopen(): Promise<ContentStore>;
}

const text = new TextEncoder().encode("the bytes of a blob");
const expected = { digest: digestOf(text), size: text.byteLength };
const missing = digestOf(new TextEncoder().encode("missing"));

/** Declares the guarantees of a content store, role by role. */
export function describeContentStore(name: string, open: () => Promise<ContentStoreSubject>): void {
  describe(name, () => {
    let subject: ContentStoreSubject;
    let store: ContentStore;
    beforeEach(async () => {
      subject = await open();
      store = subject.store;
    });
    afterEach(() => subject[Symbol.asyncDispose]());

    describe("reading", () => {
      test("reports a missing blob as not-found", async () => {
        expect(await store.has(missing)).toBe(false);
        for (const call of [store.size(missing), store.read(missing, 100), store.open(missing)]) {
          expect(await errorOf(call)).toMatchObject({ code: "not-found", message: `no blob ${missing}` });
        }
      });

      test("returns size and bytes of a blob", async () => {
        await store.put(text);
        expect(await store.size(expected.digest)).toBe(text.byteLength);
        expect(await store.read(expected.digest, text.byteLength)).toEqual(text);
        await using file = await store.open(expected.digest);
        expect(new Uint8Array(await file.readFile())).toEqual(text);
      });

      test("refuses a blob longer than the limit", async () => {
        await store.put(text);
        expect(await errorOf(store.read(expected.digest, text.byteLength - 1))).toMatchObject({
          code: "invalid-argument",
          message: `blob ${expected.digest} is longer than 18 bytes`,
        });
      });

      test("verifies a blob again", async () => {
        await store.put(text);
        await subject.damage(expected.digest, "the bytes of a bl0b");
        const error = await errorOf(store.read(expected.digest, 100));
        expect(error).toMatchObject({ code: "internal" });
        expect(String(error)).toContain("is damaged");
      });
    });

    describe("writing", () => {
      test("stores the bytes of an ingested blob", async () => {
        await store.ingest(from(text.slice(0, 5), text.slice(5)), expected);
        expect(await store.has(expected.digest)).toBe(true);
        expect(await store.read(expected.digest, 100)).toEqual(text);
        expect(await store.list()).toEqual([expected.digest]);
      });

      test("reports the bytes written so far", async () => {
        const progress: number[] = [];
        const onProgress = (bytes: number) => void progress.push(bytes);
        await store.ingest(from(text.slice(0, 5), text.slice(5)), expected, { onProgress });
        expect(progress).toEqual([5, text.byteLength]);
      });

      test.each([
        ["other bytes", "the bytes of a BLOB", "invalid-argument", "have the digest"],
        ["too many bytes", "the bytes of a blob and more", "invalid-argument", "is longer than its 19 bytes"],
        ["too few bytes", "the ", "unavailable", "ended after 4 of 19 bytes"],
      ])("refuses %s and shows no blob", async (_, bytes, code, message) => {
        const error = await errorOf(store.ingest(from(new TextEncoder().encode(bytes)), expected));
        expect(error).toMatchObject({ code });
        expect(String(error)).toContain(message);
        expect(await store.has(expected.digest)).toBe(false);
        expect(await store.list()).toEqual([]);
      });

      test("shows no blob before the last byte is verified", async () => {
        const seen: boolean[] = [];
        await store.ingest(async () => ({ offset: 0, bytes: observed() }), expected);
        expect(seen).toEqual([false, false]);
        expect(await store.has(expected.digest)).toBe(true);

        async function* observed() {
          yield text.slice(0, 7);
          seen.push(await store.has(expected.digest));
          yield text.slice(7);
          seen.push(await store.has(expected.digest));
        }
      });

      test("opens no source for a present blob", async () => {
        await store.put(text);
        await store.ingest(() => Promise.reject(new Error("the source was opened")), expected);
        expect(await store.list()).toEqual([expected.digest]);
      });

      test("reads the source once for concurrent ingests of one blob", async () => {
        let opened = 0;
        const source: BlobSource = async () => {
          opened++;
          return { offset: 0, bytes: pieces(text) };
        };
        await Promise.all([1, 2, 3].map(() => store.ingest(source, expected)));
        expect(opened).toBe(1);
      });

      test("resumes an interrupted ingest from its partial file, also after a restart", async () => {
        await errorOf(store.ingest(from(text.slice(0, 7)), expected));
        const later = await subject.reopen();
        const requested: number[] = [];
        await later.ingest(async (offset) => {
          requested.push(offset);
          return { offset, bytes: pieces(text.slice(offset)) };
        }, expected);
        expect(requested).toEqual([7]);
        expect(await later.read(expected.digest, 100)).toEqual(text);
      });

      test("starts over when the source does", async () => {
        await errorOf(store.ingest(from(text.slice(0, 7)), expected));
        await store.ingest(from(text), expected);
        expect(await store.read(expected.digest, 100)).toEqual(text);
      });

      test("starts over after bytes that did not match the digest", async () => {
        await errorOf(store.ingest(from(new TextEncoder().encode("the bytes of a BLOB")), expected));
        const requested: number[] = [];
        await store.ingest(async (offset) => {
          requested.push(offset);
          return { offset, bytes: pieces(text.slice(offset)) };
        }, expected);
        expect(requested).toEqual([0]);
      });

      test("ends an ingest when its signal aborts, and keeps the received bytes", async () => {
        const abort = new AbortController();
        const source: BlobSource = async () => ({ offset: 0, bytes: aborting() });
        const ingest = store.ingest(source, expected, { signal: abort.signal });
        expect(await errorOf(ingest)).toBe(abort.signal.reason);
        expect(await store.has(expected.digest)).toBe(false);
        let requested: number | undefined;
        await store.ingest(async (offset) => {
          requested = offset;
          return { offset, bytes: pieces(text.slice(offset)) };
        }, expected);
        expect(requested).toBe(7);

        async function* aborting() {
          yield text.slice(0, 7);
          abort.abort(new Error("cancelled by the test"));
          yield text.slice(7);
        }
      });

      test("put is idempotent and returns the descriptor", async () => {
        expect(await store.put(text)).toEqual(expected);
        expect(await store.put(text)).toEqual(expected);
        expect(await store.list()).toEqual([expected.digest]);
      });

      test("adopt stores a stream under its computed digest and leaves no partial file", async () => {
        expect(await store.adopt(pieces(text.slice(0, 3), text.slice(3)))).toEqual(expected);
        expect(await store.read(expected.digest, 100)).toEqual(text);
        expect(await subject.partials()).toEqual([]);
      });

      test("adopt leaves nothing behind when the stream fails", async () => {
        expect(await errorOf(store.adopt(failing()))).toMatchObject({ message: "cut" });
        expect(await store.list()).toEqual([]);
        expect(await subject.partials()).toEqual([]);

        async function* failing() {
          yield text.slice(0, 7);
          throw new Error("cut");
        }
      });
    });

    describe("reading a growing blob", () => {
      test("returns the complete blob when it is present", async () => {
        await store.put(text);
        const { file, complete } = await store.openGrowing(expected.digest);
        await using _ = file;
        expect(complete).toBe(true);
        expect(new Uint8Array(await file.readFile())).toEqual(text);
      });

      test("returns a file that grows until it is the blob", async () => {
        const { file, complete } = await store.openGrowing(expected.digest);
        await using _ = file;
        const read = async () => (await file.read(Buffer.alloc(100), 0, 100, 0)).bytesRead;
        expect(complete).toBe(false);
        expect(await read()).toBe(0);
        const seen: number[] = [];
        await store.ingest(async () => ({ offset: 0, bytes: observed() }), expected);
        expect(seen).toEqual([7]);
        expect(await read()).toBe(text.byteLength);
        expect(await subject.partials()).toEqual([]);

        async function* observed() {
          yield text.slice(0, 7);
          seen.push(await read());
          yield text.slice(7);
        }
      });
    });

    describe("maintenance", () => {
      test("computes the digest of the current bytes", async () => {
        expect(await store.computeDigest(missing)).toBeUndefined();
        await store.put(text);
        expect(await store.computeDigest(expected.digest)).toBe(expected.digest);
        await subject.damage(expected.digest, "other");
        expect(await store.computeDigest(expected.digest)).toBe(digestOf(new TextEncoder().encode("other")));
      });

      test("remove deletes one blob and ignores a missing one", async () => {
        const other = await store.put(new TextEncoder().encode("another blob"));
        await store.put(text);
        await store.remove(expected.digest);
        await store.remove(expected.digest);
        expect(await store.list()).toEqual([other.digest]);
      });

      test("sweep removes partial files except those to keep, and no blob", async () => {
        await store.put(new TextEncoder().encode("another blob"));
        await errorOf(store.ingest(from(text.slice(0, 7)), expected));
        await store.sweep(new Set([expected.digest]));
        expect((await store.diskUsage()).unfinished).toBeGreaterThan(0);
        await store.sweep(new Set());
        expect(await subject.partials()).toEqual([]);
        expect(await store.list()).toHaveLength(1);
      });

      test("disk usage counts every blob", async () => {
        await store.put(text);
        const { blobs, unfinished } = await store.diskUsage();
        expect([...blobs.keys()]).toEqual([expected.digest]);
        expect(blobs.get(expected.digest)).toBeGreaterThanOrEqual(text.byteLength);
        expect(unfinished).toBe(0);
      });
    });

    describe("the index", () => {
      test("has exactly the entries of the last write", async () => {
        const mediaType = "application/vnd.oci.image.manifest.v1+json";
        await store.writeIndex([{ name: "old:1", mediaType, ...expected }]);
        await store.writeIndex([{ name: "app:2", mediaType, ...expected }]);
        const annotations = { "org.opencontainers.image.ref.name": "app:2" };
        const manifests = [{ mediaType, ...expected, annotations }];
        expect(await subject.index()).toEqual({ schemaVersion: 2, manifests });
      });
    });
  });
}

async function* pieces(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

function from(...parts: Uint8Array[]): BlobSource {
  return async () => ({ offset: 0, bytes: pieces(...parts) });
}
