import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import type { GrowingBlob, Layers, WithBlob } from "#layers/layers.ts";
import { type DiffId, digestOf, parseDiffId } from "#oci/digest.ts";
import { tar } from "#test/support/tar.ts";
import { until } from "#test/support/until.ts";
import { errorOf } from "./support/error-of.ts";

/** Layers without any layer. */
export interface LayersSubject extends AsyncDisposable {
  layers: Layers;
  /** Returns a blob with these bytes. */
  blob(bytes: Uint8Array): WithBlob;
}

/** Layers that read archives and keep files. */
export interface LayersOnDisk extends LayersSubject {
  /** Reads a file of a layer. */
  read(diffId: DiffId, path: string): Promise<string>;
  /** Creates an overlay upper directory with this file; returns its path in the store. */
  upper(files: Record<string, string>): string;
  /** Replaces a file of a layer. */
  damage(diffId: DiffId, path: string): void;
  /** Creates the leftovers of an interrupted unpacking and of a lost layer; returns whether any is left. */
  litter(): () => boolean;
  /** Returns an empty blob, and a function that writes the next bytes of it. */
  growing(bytes: Uint8Array): { blob: WithBlob; grow: (count: number) => void };
}

const archive = tar([
  { path: "etc", type: "directory" },
  { path: "etc/name", content: "text" },
]);
/** The layer of every test. */
export const diffId: DiffId = asDiffId(archive);
const missing = asDiffId(new TextEncoder().encode("missing"));

/** Declares the guarantees of layers that hold without reading archives, so that fakes keep them too. */
export function describeLayers(name: string, open: () => Promise<LayersSubject>): void {
  describe(name, () => {
    let subject: LayersSubject;
    let layers: Layers;
    beforeEach(async () => {
      subject = await open();
      layers = subject.layers;
    });
    afterEach(() => subject[Symbol.asyncDispose]());

    test("a missing layer has no size", () => {
      expect(layers.has(missing)).toBe(false);
      expect(layers.size(missing)).toBe(0);
      expect(layers.list()).toEqual([]);
    });

    test("ensure makes a layer present", async () => {
      await layers.ensure(diffId, subject.blob(archive));
      expect(layers.has(diffId)).toBe(true);
      expect(layers.size(diffId)).toBe("text".length);
      expect(layers.list()).toEqual([diffId]);
    });

    test("ensure does not open the blob of a present layer", async () => {
      await layers.ensure(diffId, subject.blob(archive));
      await layers.ensure(diffId, () => Promise.reject(new Error("the blob was opened")));
      expect(layers.list()).toEqual([diffId]);
    });

    test("concurrent calls of ensure open the blob once at most", async () => {
      let opened = 0;
      const blob: WithBlob = (use) => {
        opened++;
        return subject.blob(archive)(use);
      };
      await Promise.all([1, 2, 3].map(() => layers.ensure(diffId, blob)));
      expect(opened).toBeLessThanOrEqual(1);
      expect(layers.list()).toEqual([diffId]);
    });

    test("adopt returns the diffID of an archive", async () => {
      expect(await layers.adopt(subject.blob(archive))).toBe(diffId);
      expect(layers.has(diffId)).toBe(true);
    });

    test("remove deletes layers and ignores missing ones", async () => {
      await layers.ensure(diffId, subject.blob(archive));
      await layers.remove([diffId, missing]);
      expect(layers.has(diffId)).toBe(false);
      expect(layers.size(diffId)).toBe(0);
      expect(layers.list()).toEqual([]);
    });

    test("disk usage has every layer and no removed one", async () => {
      await layers.ensure(diffId, subject.blob(archive));
      const usage = await layers.diskUsage();
      expect([...usage.keys()]).toEqual([diffId]);
      expect(usage.get(diffId)).toBeGreaterThan(0);
      await layers.remove([diffId]);
      expect(await layers.diskUsage()).toEqual(new Map());
    });

    test("sweep keeps the layers", async () => {
      await layers.ensure(diffId, subject.blob(archive));
      await layers.sweep();
      expect(layers.list()).toEqual([diffId]);
    });
  });
}

/** Declares the guarantees of layers that concern their files. */
export function describeLayersOnDisk(name: string, open: () => Promise<LayersOnDisk>): void {
  describe(name, () => {
    let subject: LayersOnDisk;
    let layers: Layers;
    beforeEach(async () => {
      subject = await open();
      layers = subject.layers;
    });
    afterEach(() => subject[Symbol.asyncDispose]());

    test("ensure unpacks the files of the archive", async () => {
      await layers.ensure(diffId, subject.blob(archive));
      expect(await subject.read(diffId, "etc/name")).toBe("text");
    });

    test("ensure refuses an archive with another diffID and leaves no layer", async () => {
      expect(await errorOf(layers.ensure(missing, subject.blob(archive)))).toBeInstanceOf(Error);
      expect(layers.list()).toEqual([]);
      await layers.ensure(diffId, subject.blob(archive));
      expect(layers.list()).toEqual([diffId]);
    });

    test("match refuses a blob that is not the archive of a present layer", async () => {
      await layers.ensure(diffId, subject.blob(archive));
      const other = tar([{ path: "other", content: "other" }]);
      for (const bytes of [other, archive.subarray(0, -512), new TextEncoder().encode("not a tar at all")]) {
        const error = await errorOf(layers.match(diffId, subject.blob(bytes)));
        expect(String(error)).toContain(`but ${diffId} is expected`);
      }
      await layers.match(diffId, subject.blob(archive));
      await layers.match(diffId, subject.blob(gzipSync(archive)));
      expect(layers.list()).toEqual([diffId]);
    });

    test("ensure reports the consumed bytes while a blob grows", async () => {
      const large = tar([{ path: "file", content: "x".repeat(1 << 20) }]);
      const { blob, grow } = subject.growing(large);
      const progress: number[] = [];
      const unpacking = layers.ensure(asDiffId(large), blob, { onProgress: (bytes) => progress.push(bytes) });
      // Reports are rare, so the blob grows until the first one has arrived.
      await until(() => {
        grow(1024);
        return progress.length > 0;
      });
      grow(large.length);
      await unpacking;
      expect(progress[0]).toBeGreaterThan(0);
      expect(progress[0]).toBeLessThan(large.length);
      expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    });

    test("ensure ends when its signal aborts, and leaves no layer", async () => {
      const { blob } = subject.growing(archive);
      const abort = new AbortController();
      const unpacking = layers.ensure(diffId, blob, { signal: abort.signal });
      abort.abort();
      expect(await errorOf(unpacking)).toMatchObject({ code: "cancelled" });
      expect(layers.has(diffId)).toBe(false);
    });

    test("ensure unpacks a blob while it is being written", async () => {
      const { blob, grow } = subject.growing(archive);
      const unpacking = layers.ensure(diffId, blob);
      grow(600);
      grow(archive.length);
      await unpacking;
      expect(await subject.read(diffId, "etc/name")).toBe("text");
    });

    test("verify finds a changed file", async () => {
      await layers.ensure(diffId, subject.blob(archive));
      expect(await layers.verify(diffId, subject.blob(archive))).toBe(true);
      subject.damage(diffId, "etc/name");
      expect(await layers.verify(diffId, subject.blob(archive))).toBe(false);
    });

    test("commitUpper moves an upper directory to the layers, and a second one is the same layer", async () => {
      const commit = () =>
        layers.commitUpper(subject.upper({ "file.txt": "text" }), { latest: 1_000_000_000 });
      const committed = await commit();
      if (committed === undefined) throw new Error("no layer");
      expect(layers.has(committed)).toBe(true);
      expect(layers.size(committed)).toBe("text".length);
      expect(await subject.read(committed, "file.txt")).toBe("text");
      expect(await commit()).toBe(committed);
      await layers.sync();
      expect(layers.list()).toEqual([committed]);
    });

    test("commitUpper returns nothing for an empty directory", async () => {
      expect(await layers.commitUpper(subject.upper({}))).toBeUndefined();
      expect(layers.list()).toEqual([]);
    });

    test("sweep removes leftovers and directories that are no layers", async () => {
      await layers.ensure(diffId, subject.blob(archive));
      const isLittered = subject.litter();
      expect(isLittered()).toBe(true);
      await layers.sweep();
      expect(isLittered()).toBe(false);
      expect(await subject.read(diffId, "etc/name")).toBe("text");
    });
  });
}

/** Returns a growing blob whose listeners `grow` calls. */
export function growthOf(size: number): GrowingBlob & { grow(): void } {
  const listeners = new Set<() => void>();
  return {
    size,
    onGrowth(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    grow() {
      for (const listener of listeners) listener();
    },
  };
}

function asDiffId(bytes: Uint8Array): DiffId {
  return parseDiffId(digestOf(bytes));
}
