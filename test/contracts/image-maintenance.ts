import { expect, test } from "bun:test";
import type { ImageMaintenance } from "#images/upkeep/image-maintenance.ts";
import { parseDiffId, parseDigest } from "#oci/digest.ts";
import { parseReference } from "#oci/reference.ts";
import { errorOf } from "./support/error-of.ts";
import { pull } from "./support/images-subject.ts";
import { imagesSuite, type OpenImages } from "./support/images-suite.ts";

const signal = new AbortController().signal;
const removal = { force: false, prune: true, signal };
const pruning = { labels: [], notLabels: [], until: undefined, signal };
const everything = { all: true, filters: new Map() };

/** Declares the guarantees of the removal of one image, named `name`, which fakes keep too. */
export function describeImageRemoval(
  title: string,
  open: () => Promise<AsyncDisposable & { maintenance: ImageMaintenance; name: string }>,
): void {
  test(`${title}: remove deletes an image once`, async () => {
    await using subject = await open();
    const { maintenance, name } = subject;
    const removed = await maintenance.remove(name, removal);
    expect(removed).toContainEqual({ untagged: name });
    expect(removed).toContainEqual({ deleted: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
    expect(await errorOf(maintenance.remove(name, removal))).toMatchObject({
      code: "not-found",
      message: expect.stringContaining("No such image: "),
    });
  });
}

/** Declares the guarantees of removal, garbage collection and verification. */
export function describeImageMaintenance(name: string, open: OpenImages): void {
  imagesSuite(name, open, (subject) => {
    test("remove deletes one of several names only", async () => {
      const { images, name, image } = subject();
      await pull(subject());
      await images.tag(name, parseReference("other:1"));
      expect(await images.remove("other:1", removal)).toEqual([{ untagged: "other:1" }]);
      expect((await images.inspect(name)).repoTags).toEqual([name]);
      expect(await images.remove(name, removal)).toContainEqual({ deleted: image.config.digest });
    });

    test("remove deletes the digests of a repository with its last tag there", async () => {
      const { images, name, image } = subject();
      await pull(subject());
      await images.tag(name, parseReference("other:1"));
      const repository = name.slice(0, name.lastIndexOf(":"));
      await images.tag(name, parseReference(`${repository}:second`));
      expect(await images.remove(name, removal)).toEqual([{ untagged: name }]);
      expect(await images.remove(`${repository}:second`, removal)).toEqual([
        { untagged: `${repository}:second` },
        { untagged: `${repository}@${image.manifest.digest}` },
      ]);
      expect(await images.inspect("other:1")).toMatchObject({ repoTags: ["other:1"], repoDigests: [] });
    });

    test("remove by ID refuses an image with several names, except with force", async () => {
      const { images, name, image } = subject();
      await pull(subject());
      await images.tag(name, parseReference("other:1"));
      const id = image.config.digest;
      expect(await errorOf(images.remove(id, removal))).toMatchObject({
        code: "conflict",
        message: `conflict: unable to delete ${id.slice(7, 19)} (must be forced) - image is referenced in multiple repositories`,
      });
      expect(await images.remove(id, { ...removal, force: true })).toContainEqual({ deleted: id });
      expect(await images.list(everything)).toEqual([]);
    });

    test("remove refuses an image of a stopped container, except with force", async () => {
      const { images, name, image, use } = subject();
      await pull(subject());
      const container = use(parseDigest(image.config.digest), false).slice(0, 12);
      expect(await errorOf(images.remove(name, removal))).toMatchObject({
        code: "conflict",
        message: expect.stringContaining(
          `(must force) - container ${container} is using its referenced image`,
        ),
      });
      expect((await images.inspect(name)).repoTags).toEqual([name]);
      const digest = `${name.slice(0, name.lastIndexOf(":"))}@${image.manifest.digest}`;
      expect(await images.remove(name, { ...removal, force: true })).toEqual([
        { untagged: name },
        { untagged: digest },
      ]);
      expect(await images.inspect(image.config.digest)).toMatchObject({ repoTags: [], repoDigests: [] });
    });

    test("remove by ID refuses an image of a running container, also with force", async () => {
      const { images, image, use } = subject();
      await pull(subject());
      use(parseDigest(image.config.digest), true);
      expect(await errorOf(images.remove(image.config.digest, { ...removal, force: true }))).toMatchObject({
        code: "conflict",
        message: expect.stringContaining("(cannot be forced) - image is being used by running container"),
      });
    });

    test("remove deletes the blobs and layers of the image", async () => {
      const { images, name, content, layers } = subject();
      await pull(subject());
      images.startCollecting();
      await images.remove(name, removal);
      expect(await content.list()).toEqual([]);
      expect(layers.list()).toEqual([]);
    });

    test("collect deletes what nothing refers to, and keeps images", async () => {
      const { images, name, image, content } = subject();
      await pull(subject());
      const { digest } = await content.put(new TextEncoder().encode("unreferenced"));
      images.startCollecting();
      await images.collect();
      expect(await content.has(digest)).toBe(false);
      for (const { digest } of [image.manifest, image.config, ...image.layers]) {
        expect(await content.has(parseDigest(digest))).toBe(true);
      }
      expect((await images.resolve(name)).id as string).toBe(image.config.digest);
    });

    test("nothing is collected before startCollecting", async () => {
      const { images, content } = subject();
      const { digest } = await content.put(new TextEncoder().encode("unreferenced"));
      await images.collect();
      expect(await content.has(digest)).toBe(true);
      images.startCollecting();
      await images.collect();
      expect(await content.has(digest)).toBe(false);
    });

    test("prune removes untagged images, and with all also unused named ones", async () => {
      const { images, name, image, use } = subject();
      await pull(subject());
      expect((await images.prune({ ...pruning, all: false })).removed).toEqual([]);
      use(parseDigest(image.config.digest), false);
      expect((await images.prune({ ...pruning, all: true })).removed).toEqual([]);
      await images.remove(name, { ...removal, force: true });
      expect((await images.prune({ ...pruning, all: false })).removed).toEqual([]);
    });

    test("prune with all removes an unused image that matches the filters", async () => {
      const { images, image } = subject();
      await pull(subject());
      const until = Date.parse("2026-01-01T00:00:00Z");
      for (const filters of [{ labels: ["missing"] }, { until }]) {
        expect((await images.prune({ ...pruning, all: true, ...filters })).removed).toEqual([]);
      }
      const { removed, space } = await images.prune({ ...pruning, all: true, until: until + 1 });
      expect(removed).toContainEqual({ deleted: image.config.digest });
      expect(space).toBeGreaterThanOrEqual(0);
    });

    test("usage counts the image, its containers and unfinished pulls", async () => {
      const { images, image, use } = subject();
      await pull(subject());
      use(parseDigest(image.config.digest), false);
      const usage = await images.usage();
      expect(usage.images).toMatchObject([
        { image: { id: image.config.digest }, sharedSize: 0, containers: 1 },
      ]);
      expect(usage.images[0]?.size).toBeGreaterThan(image.layers[0]?.bytes.length ?? 0);
      expect(usage.size).toBeGreaterThanOrEqual(usage.images[0]?.size ?? 0);
      expect(usage.reclaimable).toBe(0);
    });

    test("check finds nothing in an intact store", async () => {
      const { images } = subject();
      await pull(subject());
      expect(await check(false)).toEqual([{ summary: { blobs: 3, layers: 1, images: 1 } }]);
      expect(await images.list(everything)).toHaveLength(1);
    });

    test("check reports a damaged blob with its images, and repairs it on request", async () => {
      const { image, name, damage, content } = subject();
      await pull(subject());
      const digest = image.config.digest;
      await damage(digest);
      const [found] = await check(false);
      expect(found).toMatchObject({ damage: { kind: "blob", digest, images: [name] } });
      const [repaired] = await check(true);
      expect(repaired).toMatchObject({ damage: { kind: "blob", digest } });
      expect(repaired).not.toHaveProperty("damage.unrepaired");
      expect(await content.computeDigest(parseDigest(digest))).toBe(parseDigest(digest));
      expect(await check(false)).toEqual([{ summary: { blobs: 3, layers: 1, images: 1 } }]);
    });

    test("check reports a missing layer and unpacks it again", async () => {
      const { image, layers } = subject();
      await pull(subject());
      const diffId = parseDiffId(image.layers[0]?.diffId ?? "");
      await layers.remove([diffId]);
      expect((await check(false))[0]).toMatchObject({ damage: { kind: "layer", digest: diffId } });
      await check(true);
      expect(layers.has(diffId)).toBe(true);
    });

    function check(repair: boolean) {
      const { images } = subject();
      return Array.fromAsync(images.check({ repair, credentials: () => undefined, signal }));
    }
  });
}
