import { describe, expect, test } from "bun:test";
import { writeSync } from "node:fs";
import { MissingImageError } from "#images/missing-image-error.ts";
import type { ImageQueries } from "#images/store/image-queries.ts";
import { parseDigest } from "#oci/digest.ts";
import { parseReference } from "#oci/reference.ts";
import { errorOf } from "./support/error-of.ts";
import { pull } from "./support/images-subject.ts";
import { imagesSuite, type OpenImages } from "./support/images-suite.ts";

/** Queries of a store that has one image, named `name`. */
export interface ImageLookupSubject extends AsyncDisposable {
  queries: ImageQueries;
  name: string;
}

/** Declares the guarantees of image lookups, which fakes keep too. */
export function describeImageLookups(name: string, open: () => Promise<ImageLookupSubject>): void {
  describe(name, () => {
    test("resolve, inspect and findId return the same image", async () => {
      await using subject = await open();
      const { queries, name } = subject;
      const { id } = await queries.resolve(name);
      expect((await queries.inspect(name)).id).toBe(id);
      expect(queries.findId(name)).toBe(id);
      expect((await queries.list({ all: false, filters: new Map() })).map((image) => image.id)).toEqual([id]);
    });

    test("a missing image is reported with Docker's text", async () => {
      await using subject = await open();
      const { queries } = subject;
      for (const call of [queries.resolve("none"), queries.inspect("none"), queries.history("none")]) {
        const error = await errorOf(call);
        expect(error).toBeInstanceOf(MissingImageError);
        expect(error).toMatchObject({ code: "not-found", message: "No such image: none:latest" });
      }
      expect(queries.findId("none")).toBeUndefined();
    });

    test("a text that is neither a name nor an ID is refused", async () => {
      await using subject = await open();
      const { queries } = subject;
      for (const name of ["UPPER", "a b", "a:b:c", "-x"])
        expect(await errorOf(queries.inspect(name))).toMatchObject({ code: "invalid-argument" });
    });
  });
}

/** Declares the guarantees of image queries on a store with a registry. */
export function describeImageQueries(name: string, open: OpenImages): void {
  imagesSuite(name, open, (subject) => {
    test("finds an image by name, ID, prefix and digest", async () => {
      const { images, image, name } = subject();
      await pull(subject());
      const id = image.config.digest;
      const byDigest = `${name.replace(/:1$/, "")}@${image.manifest.digest}`;
      for (const text of [name, id, id.slice(7), id.slice(7, 19), byDigest]) {
        expect((await images.resolve(text)).id).toBe(parseDigest(id));
      }
    });

    test("inspect returns names, digests and layers", async () => {
      const { images, image, name } = subject();
      await pull(subject());
      expect(await images.inspect(name)).toMatchObject({
        repoTags: [name],
        repoDigests: [`${name.replace(/:1$/, "")}@${image.manifest.digest}`],
        target: { digest: image.manifest.digest, size: image.manifest.bytes.length },
        diffIds: image.layers.map(({ diffId }) => diffId),
        embedded: false,
        size: "text".length,
        created: Date.parse("2026-01-01T00:00:00Z"),
        parent: "",
      });
    });

    test("resolve refuses an image of another platform", async () => {
      const { images, name } = subject();
      await pull(subject());
      const error = await errorOf(images.resolve(name, { os: "linux", architecture: "s390x" }));
      expect(error).toMatchObject({ code: "not-found" });
      expect(String(error)).toContain("does not match the specified platform (");
    });

    test("resolve creates the built-in image without a registry, and findId does not", async () => {
      const { images, served } = subject();
      expect(images.findId("hello")).toBeUndefined();
      const image = await images.resolve("hello");
      expect(image.embedded).toBe(true);
      expect(image.config.config?.Cmd).toEqual(["/hello"]);
      expect(images.findId("hello")).toBe(image.id);
      expect(served()).toBe(0);
    });

    test("list returns the newest image first", async () => {
      const { images, image } = subject();
      await pull(subject());
      const newer = await commit();
      const ids = (await images.list({ all: false, filters: new Map() })).map(({ id }) => id);
      expect(ids).toEqual([newer, parseDigest(image.config.digest)]);
    });

    test("list refuses an unknown filter by its name", async () => {
      const filters = new Map([["colour", ["red"]]]);
      expect(await errorOf(subject().images.list({ all: false, filters }))).toMatchObject({
        code: "invalid-argument",
        message: expect.stringContaining("invalid filter 'colour'"),
      });
    });

    test("the filter reference leaves only the matching names", async () => {
      const { images, name } = subject();
      await pull(subject());
      await images.tag(name, parseReference("other:2"));
      const filters = new Map([["reference", ["other"]]]);
      expect((await images.list({ all: false, filters })).map(({ repoTags }) => repoTags)).toEqual([
        ["other:2"],
      ]);
    });

    test("history returns the newest entry first, with sizes and names", async () => {
      const { images } = subject();
      await pull(subject());
      const id = await commit();
      const [newest, oldest, ...others] = await images.history(id);
      expect(newest).toMatchObject({ id, createdBy: "run", comment: "why", size: 0, tags: ["child:latest"] });
      expect(oldest).toMatchObject({ id: "<missing>", createdBy: "test", size: "text".length, tags: [] });
      expect(others).toEqual([]);
    });

    test("an image descends from its parent only", async () => {
      const { images, image } = subject();
      await pull(subject());
      const [parent, child] = [parseDigest(image.config.digest), await commit()];
      expect(images.isDescendant(child, parent)).toBe(true);
      expect(images.isDescendant(parent, child)).toBe(false);
      expect((await images.inspect(child)).parent).toBe(parent);
    });

    test("shared bytes and containers are counted", async () => {
      const { images, image, use } = subject();
      await pull(subject());
      const id = parseDigest(image.config.digest);
      expect(images.sharedSizes()).toEqual(new Map([[id, 0]]));
      const child = await commit();
      use(child, false);
      expect(images.sharedSizes().get(id)).toBe("text".length);
      expect(images.sharedSizes().get(child)).toBe("text".length);
      expect([id, child].map(images.containers)).toEqual([0, 1]);
    });

    /** Commits an empty layer on top of the pulled image as `child`. */
    async function commit() {
      const { images, image } = subject();
      return images.commit(async (descriptor) => void writeSync(descriptor, new Uint8Array(1024)), {
        parent: parseDigest(image.config.digest),
        config: {},
        changes: [],
        createdBy: "run",
        author: "",
        comment: "why",
        reference: parseReference("child"),
        signal: new AbortController().signal,
      });
    }
  });
}
