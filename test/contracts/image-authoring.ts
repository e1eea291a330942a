import { expect, test } from "bun:test";
import { writeSync } from "node:fs";
import { type Digest, parseDigest } from "#oci/digest.ts";
import { parseReference } from "#oci/reference.ts";
import { errorOf } from "./support/error-of.ts";
import { pull } from "./support/images-subject.ts";
import { imagesSuite, type OpenImages } from "./support/images-suite.ts";

/** Declares the guarantees of the creation of images. */
export function describeImageAuthoring(name: string, open: OpenImages): void {
  imagesSuite(name, open, (subject) => {
    test("resolveBase returns an image with the blobs of its layers", async () => {
      const { images, image, name } = subject();
      await pull(subject());
      const base = await images.resolveBase(name);
      expect(base.id as string).toBe(image.config.digest);
      expect(base.layers).toMatchObject(
        image.layers.map(({ mediaType, digest, bytes }) => ({ mediaType, digest, size: bytes.length })),
      );
      expect(await errorOf(images.resolveBase("none"))).toMatchObject({
        code: "not-found",
        message: "No such image: none:latest",
      });
    });

    test("write is idempotent, sets every name and publishes an event for each", async () => {
      const { images, name, events } = subject();
      await pull(subject());
      const { config, layers, id: parent } = await images.resolveBase(name);
      const written = { config: { ...config, author: "me" }, layers, parent };
      const references = [parseReference("new:1"), parseReference("new:2")];
      const id = await images.write(written, references);
      expect(await images.write(written, references)).toBe(id);
      expect(id).not.toBe(parent);
      const details = await images.inspect("new:2");
      expect(details).toMatchObject({ id, parent, config: { author: "me" } });
      expect(details.repoTags.toSorted()).toEqual(["new:1", "new:2"]);
      expect(events.filter((event) => event.startsWith("tag"))).toEqual([
        "tag new:1",
        "tag new:2",
        "tag new:1",
        "tag new:2",
      ]);
    });

    test("commit puts a layer on an image and applies the changes", async () => {
      const { images, image, name } = subject();
      await pull(subject());
      const { id: parent } = await images.resolve(name);
      const id = await commit(parent);
      const { diffIds, config } = await images.resolve(id);
      const diffId = image.layers[0]?.diffId ?? "";
      expect(diffIds as string[]).toEqual([diffId, diffId]);
      expect(config).toMatchObject({ author: "me", config: { User: "app", Cmd: ["/file"] } });
      expect((await images.inspect("committed:1")).id).toBe(id);
    });

    test("commit refuses a missing parent", async () => {
      const missing = parseDigest(`sha256:${"0".repeat(64)}`);
      expect(await errorOf(commit(missing))).toMatchObject({
        code: "not-found",
        message: `No such image: ${missing}`,
      });
    });

    test("tag is idempotent, and moves a name to another image", async () => {
      const { images, name } = subject();
      await pull(subject());
      const { id } = await images.resolve(name);
      const target = parseReference("moved:1");
      expect(await images.tag(name, target)).toBe(id);
      expect(await images.tag(name, target)).toBe(id);
      expect((await images.inspect(name)).repoTags.toSorted()).toEqual([name, "moved:1"].toSorted());
      const other = await commit(id);
      await images.tag(other, target);
      expect(images.findId("moved:1")).toBe(other);
      expect((await images.inspect(name)).repoTags).toEqual([name]);
    });

    test("tag refuses a missing image and a digest", async () => {
      const { images, name, image } = subject();
      await pull(subject());
      expect(await errorOf(images.tag("none", parseReference("a:1")))).toMatchObject({ code: "not-found" });
      const digest = parseReference(`a@${image.manifest.digest}`);
      expect(await errorOf(images.tag(name, digest))).toMatchObject({
        code: "invalid-argument",
        message: "refusing to create a tag with a digest reference",
      });
    });

    test("usedLayers returns the layers of all images", async () => {
      const { images, image } = subject();
      expect(images.usedLayers()).toEqual([]);
      await pull(subject());
      expect(images.usedLayers() as string[]).toEqual(image.layers.map(({ diffId }) => diffId));
    });

    test("nothing is collected during a lease, and leftovers are collected after a failed one", async () => {
      const { images, content } = subject();
      images.startCollecting();
      const added: Digest[] = [];
      const work = async () => {
        const { digest } = await content.put(new TextEncoder().encode("unreferenced"));
        added.push(digest);
        await images.collect();
        expect(await content.has(digest)).toBe(true);
        throw new Error("work failed");
      };
      expect(await errorOf(images.withLease(work))).toMatchObject({ message: "work failed" });
      for (const digest of added) expect(await content.has(digest)).toBe(false);
      expect(added).toHaveLength(1);
    });

    test("withLease returns the result of the work", async () => {
      expect(await subject().images.withLease(async () => 42)).toBe(42);
    });

    /** Commits the image's only layer once more, as `committed:1`. */
    function commit(parent: Digest): Promise<Digest> {
      const { images, image } = subject();
      const archive = Bun.gunzipSync(new Uint8Array(image.layers[0]?.bytes ?? []));
      return images.commit(async (descriptor) => void writeSync(descriptor, archive), {
        parent,
        config: { Cmd: ["/file"] },
        changes: ["USER app"],
        createdBy: "run",
        author: "me",
        comment: "",
        reference: parseReference("committed:1"),
        signal: new AbortController().signal,
      });
    }
  });
}
