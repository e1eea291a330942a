import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { buffer } from "node:stream/consumers";
import { digestOf, parseDigest } from "#oci/digest.ts";
import type { Destination } from "#registry/transfer/open-destination.ts";
import type { Repository } from "#registry/transfer/repository.ts";
import { buildImage, pushImage } from "#test/support/images.ts";
import { startRegistry, type TestRegistry } from "#test/support/registry.ts";
import { errorOf } from "./support/error-of.ts";

const signal = new AbortController().signal;
const image = buildImage({ layers: [[{ path: "file", content: "text" }]] });
const missing = digestOf("missing");

/** Declares the guarantees of a repository to pull from. `open` returns the repository `app` of a registry. */
export function describeRepository(name: string, open: (host: string) => Repository): void {
  registrySuite(name, (host) => {
    const repository = () => open(host());

    test("a manifest is fetched by its tag and by its digest", async () => {
      const { digest, bytes, mediaType } = image.manifest;
      for (const reference of ["1", digest]) {
        const fetched = await repository().fetchManifest(reference, signal);
        expect(fetched).toMatchObject({ digest, mediaType });
        expect(Buffer.from(fetched.bytes).equals(Buffer.from(bytes))).toBe(true);
      }
    });

    test("the digest of a tag is reported without the manifest", async () => {
      expect(await repository().headManifest("1", signal)).toBe(parseDigest(image.manifest.digest));
    });

    test("a missing manifest is reported as not-found", async () => {
      expect(await errorOf(repository().fetchManifest("2", signal))).toMatchObject({ code: "not-found" });
    });

    test("all tags are listed", async () => {
      expect((await repository().listTags(signal)).toSorted()).toEqual(["1", "latest"]);
    });

    test("a blob is fetched from an offset on", async () => {
      const { mediaType, digest, bytes } = image.config;
      const blob = { mediaType, digest: parseDigest(digest), size: bytes.length };
      for (const offset of [0, 10]) {
        const fetched = await repository().fetchBlob(blob, offset, signal);
        expect(fetched.offset).toBe(offset);
        expect((await buffer(fetched.bytes)).equals(Buffer.from(bytes.subarray(offset)))).toBe(true);
      }
    });

    test("a request ends when its signal aborts", async () => {
      expect(await errorOf(repository().fetchManifest("1", AbortSignal.abort()))).toBeInstanceOf(Error);
    });
  });
}

/** Declares the guarantees of a repository to push to. `open` returns the repository `copy` of a registry. */
export function describeDestination(name: string, open: (host: string) => Destination): void {
  registrySuite(name, (host) => {
    const destination = () => open(host());
    const content = new TextEncoder().encode("the bytes of a blob");
    const source = {
      digest: digestOf(content),
      size: content.length,
      async *read(start: number, end: number) {
        yield content.subarray(start, end);
      },
    };

    test("a blob is present after putBlob, which reports the sent bytes", async () => {
      expect(await destination().hasBlob(missing, signal)).toBe(false);
      const sent: number[] = [];
      const options = { mountFrom: [], signal, onProgress: (bytes: number) => void sent.push(bytes) };
      expect(await destination().putBlob(source, options)).toEqual({ mountedFrom: undefined });
      expect(await destination().hasBlob(source.digest, signal)).toBe(true);
      expect(sent.at(-1)).toBe(content.length);
    });

    test("a blob of another repository is mounted", async () => {
      const { digest, bytes } = image.config;
      const other = {
        ...source,
        digest: parseDigest(digest),
        size: bytes.length,
        // biome-ignore lint/correctness/useYield: the blob must not be read.
        async *read(): AsyncGenerator<Uint8Array> {
          throw new Error("the blob was read");
        },
      };
      const options = { mountFrom: ["app"], signal, onProgress: () => {} };
      expect(await destination().putBlob(other, options)).toEqual({ mountedFrom: "app" });
      expect(await destination().hasBlob(other.digest, signal)).toBe(true);
    });

    test("a manifest is stored byte for byte under its tag", async () => {
      for (const { digest, bytes } of [image.config, ...image.layers]) {
        const read = async function* (start: number, end: number) {
          yield bytes.subarray(start, end);
        };
        const blob = { digest: parseDigest(digest), size: bytes.length, read };
        await destination().putBlob(blob, { mountFrom: [], signal, onProgress: () => {} });
      }
      const { mediaType } = image.manifest;
      const digest = parseDigest(image.manifest.digest);
      const bytes = new Uint8Array(image.manifest.bytes);
      expect(await destination().hasManifest(digest, signal)).toBe(false);
      for (const _ of [1, 2])
        await destination().putManifest({ name: "1", digest, mediaType, bytes }, signal);
      expect(await destination().hasManifest(digest, signal)).toBe(true);
      const stored = await fetch(`http://${host()}/v2/copy/manifests/1`, { headers: { Accept: mediaType } });
      expect(await stored.bytes()).toEqual(bytes);
    });
  });
}

function registrySuite(name: string, declare: (host: () => string) => void): void {
  describe(name, () => {
    let registry: TestRegistry | undefined;
    beforeAll(async () => {
      registry = await startRegistry();
      for (const tag of ["1", "latest"]) await pushImage(registry.host, "app", tag, image);
    });
    afterAll(() => registry?.[Symbol.asyncDispose]());
    declare(() => registry?.host ?? "");
  });
}
