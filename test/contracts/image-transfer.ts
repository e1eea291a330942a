import { expect, test } from "bun:test";
import { parseDigest } from "#oci/digest.ts";
import { parseReference } from "#oci/reference.ts";
import { registryUnavailable, startRegistry } from "#test/support/registry.ts";
import { errorOf } from "./support/error-of.ts";
import { pull } from "./support/images-subject.ts";
import { imagesSuite, type OpenImages } from "./support/images-suite.ts";

if (registryUnavailable !== undefined) console.error(`skipped pushes: ${registryUnavailable}`);

const signal = new AbortController().signal;
const everything = { all: true, filters: new Map() };

/** Declares the guarantees of the exchange with registries. */
export function describeImageTransfer(name: string, open: OpenImages): void {
  imagesSuite(name, open, (subject) => {
    test("a pull stores every blob, names the image and publishes one event", async () => {
      const { images, content, layers, image, name, events } = subject();
      await pull(subject());
      for (const { digest, bytes } of [image.manifest, image.config, ...image.layers]) {
        expect(await content.read(parseDigest(digest), 10_000)).toEqual(new Uint8Array(bytes));
      }
      expect(layers.list()).toEqual((await images.resolve(name)).diffIds);
      expect(events).toEqual([`pull ${name}`]);
    });

    test("a second pull sends no blob and reports that the image is up to date", async () => {
      const { images, image, name, served } = subject();
      const statuses = async () => {
        const lines = await Array.fromAsync(images.pull(parseReference(name), { signal }));
        return lines.map(({ status }) => status);
      };
      expect((await statuses()).at(-1)).toBe(`Status: Downloaded newer image for ${name}`);
      expect(served()).toBe(1 + image.layers.length);
      expect((await statuses()).at(-1)).toBe(`Status: Image is up to date for ${name}`);
      expect(served()).toBe(1 + image.layers.length);
    });

    test("onNamed is called once, when the name already resolves", async () => {
      const { images, image, name } = subject();
      const found: (string | undefined)[] = [];
      const onNamed = () => void found.push(images.findId(name));
      await Array.fromAsync(images.pull(parseReference(name), { signal, onNamed }));
      expect(found).toEqual([image.config.digest]);
    });

    test("a pull with a damaged layer sets no name and publishes no event", async () => {
      const { images, content, corrupt, image, events } = subject();
      corrupt();
      expect(await errorOf(pull(subject()))).toBeInstanceOf(Error);
      expect(await images.list(everything)).toEqual([]);
      expect(await content.has(parseDigest(image.layers[0]?.digest ?? ""))).toBe(false);
      expect(events).toEqual([]);
    });

    test("a cancelled pull fails and sets no name", async () => {
      const { images, name } = subject();
      const abort = new AbortController();
      abort.abort();
      const pulling = Array.fromAsync(images.pull(parseReference(name), { signal: abort.signal }));
      expect(await errorOf(pulling)).toBeInstanceOf(Error);
      expect(await images.list(everything)).toEqual([]);
    });

    test("a pull of a missing image fails", async () => {
      const { images, name } = subject();
      const missing = parseReference(name.replace(/:1$/, ":2"));
      expect(await errorOf(Array.fromAsync(images.pull(missing, { signal })))).toMatchObject({
        code: "not-found",
      });
    });

    test("concurrent pulls of one image all succeed", async () => {
      const { images } = subject();
      await Promise.all([pull(subject()), pull(subject())]);
      expect(await images.list(everything)).toHaveLength(1);
    });

    test("inspectRemote returns manifest and platforms, and stores nothing", async () => {
      const { images, content, image, name } = subject();
      const remote = await images.inspectRemote(parseReference(name), { signal });
      expect(remote.descriptor).toMatchObject({
        digest: image.manifest.digest,
        size: image.manifest.bytes.length,
      });
      expect(remote.platforms).toMatchObject([
        { os: "linux", architecture: process.arch === "x64" ? "amd64" : process.arch },
      ]);
      expect(await content.list()).toEqual([]);
    });

    test("push refuses an image that is not in the store", async () => {
      const { images } = subject();
      const pushing = Array.fromAsync(images.push(parseReference("none:1"), { signal }));
      expect(await errorOf(pushing)).toMatchObject({
        code: "not-found",
        message: "An image does not exist locally with the tag: none",
      });
    });

    test.skipIf(registryUnavailable !== undefined)("push sends an image byte for byte", async () => {
      const { images, image, name, events } = subject();
      await pull(subject());
      await using registry = await startRegistry();
      const target = parseReference(`${registry.host}/app:1`);
      await images.tag(name, target);
      const lines = await Array.fromAsync(images.push(target, { signal }));
      const prepared = lines.flatMap((line) =>
        "status" in line && line.status === "Preparing" ? line.id : [],
      );
      expect(prepared).toEqual(image.layers.map(({ digest }) => digest.slice(7, 19)));
      const { digest, bytes } = image.manifest;
      expect(lines.at(-1)).toEqual({ aux: { Tag: "1", Digest: digest, Size: bytes.length } });
      expect((await images.inspectRemote(target, { signal })).descriptor.digest).toBe(parseDigest(digest));
      expect(events.at(-1)).toBe(`push ${registry.host}/app:1`);
    });

    test.skipIf(registryUnavailable !== undefined)(
      "push without a tag sends every tag, and pullAllTags gets them",
      async () => {
        const { images, name } = subject();
        await pull(subject());
        await using registry = await startRegistry();
        const names = ["1", "2"].map((tag) => `${registry.host}/app:${tag}`);
        for (const one of names) await images.tag(name, parseReference(one));
        const repository = parseReference(`${registry.host}/app`);
        await Array.fromAsync(images.push(repository, { signal }));
        for (const one of names) await images.remove(one, { force: false, prune: true, signal });
        await Array.fromAsync(images.pullAllTags(repository, { signal }));
        expect((await images.inspect(names[0] ?? "")).repoTags).toEqual(expect.arrayContaining(names));
      },
    );

    test.skipIf(registryUnavailable !== undefined)("logIn accepts only the right credentials", async () => {
      await using registry = await startRegistry({ username: "user", password: "right" });
      const logIn = (password: string) =>
        subject().images.logIn(registry.host, { username: "user", password }, signal);
      await logIn("right");
      expect(await errorOf(logIn("wrong"))).toMatchObject({ code: "unauthorized" });
    });
  });
}
