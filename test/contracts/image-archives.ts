import { expect, test } from "bun:test";
import { buffer } from "node:stream/consumers";
import { type Digest, digestOf } from "#oci/digest.ts";
import { parseReference } from "#oci/reference.ts";
import { buildImage, dockerArchive, imageIndex, ociArchive, ociLayout } from "#test/support/images.ts";
import { tar } from "#test/support/tar.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import { errorOf } from "./support/error-of.ts";
import { type ImagesSubject, pull } from "./support/images-subject.ts";
import { imagesSuite, type OpenImages } from "./support/images-suite.ts";

const signal = new AbortController().signal;
const everything = { all: true, filters: new Map() };

/** Declares the guarantees of the exchange of images as archives. */
export function describeImageArchives(name: string, open: OpenImages): void {
  imagesSuite(name, open, (subject) => {
    test("load names the image of a docker-archive", async () => {
      const { images } = subject();
      const source = { layers: [[{ path: "file", content: "text" }]] };
      expect(await load(subject(), dockerArchive(source, "x/y:1", "x/y:2"))).toMatchObject([
        { loaded: "x/y:1" },
        { loaded: "x/y:2" },
      ]);
      expect((await images.inspect("x/y:1")).repoTags.toSorted()).toEqual(["x/y:1", "x/y:2"]);
    });

    test("load names the image of an OCI layout", async () => {
      const { images, image } = subject();
      const lines = await load(subject(), ociArchive(image, "docker.io/library/app:1"));
      expect(lines).toEqual([{ loaded: "app:1", id: image.config.digest as Digest }]);
      expect((await images.resolve("app:1")).id as string).toBe(image.config.digest);
    });

    test("load is idempotent", async () => {
      const { images, image } = subject();
      await load(subject(), ociArchive(image, "docker.io/library/app:1"));
      const { lastTagged } = await images.inspect("app:1");
      await until(() => Date.now() > (lastTagged ?? 0));
      await load(subject(), ociArchive(image, "docker.io/library/app:1"));
      expect(await images.list(everything)).toHaveLength(1);
      expect((await images.inspect("app:1")).lastTagged).toBe(lastTagged ?? 0);
    });

    test("load accepts documents without a version, and a manifest.json without images", async () => {
      const { images, image } = subject();
      const manifest = JSON.parse(Buffer.from(image.manifest.bytes).toString());
      delete manifest.schemaVersion;
      const bytes = Buffer.from(JSON.stringify(manifest));
      const top = { mediaType: manifest.mediaType, digest: digestOf(bytes), bytes };
      const layout = ociLayout(top, "docker.io/library/app:1", [image]);
      const list = tar([{ path: "manifest.json", content: "null" }]);
      const archive = Buffer.concat([list.subarray(0, -1024), layout]);
      expect(await load(subject(), archive)).toMatchObject([{ loaded: "app:1" }]);
      expect((await images.resolve("app:1")).id as string).toBe(image.config.digest);
    });

    test("saved blobs have the time of their image", async () => {
      const { images, name } = subject();
      await pull(subject());
      const directory = temporaryDirectory("saved");
      await Bun.write(`${directory.path}/saved.tar`, await buffer(await images.save([name], { signal })));
      const listed = Bun.spawnSync(["tar", "--utc", "-tvf", `${directory.path}/saved.tar`]).stdout.toString();
      directory[Symbol.dispose]();
      const times = listed.split("\n").filter((line) => /blobs\/sha256\/./.test(line));
      expect(times.length).toBeGreaterThan(2);
      for (const line of times) expect(line).toContain("2026-01-01 00:00");
    });

    test("an archive has Docker's list of repositories and the descriptors of plain layers", async () => {
      const { images } = subject();
      const image = buildImage({ layers: [[{ path: "file", content: "text" }]], compression: "none" });
      const packed = buildImage({ layers: [[{ path: "file", content: "more" }]], compression: "gzip" });
      await load(subject(), ociArchive(image, "docker.io/library/app:1"));
      await load(subject(), ociArchive(packed, "docker.io/me/packed:2"));
      const directory = temporaryDirectory("saved");
      const archive = `${directory.path}/saved.tar`;
      await Bun.write(archive, await buffer(await images.save(["app:1", "me/packed:2"], { signal })));
      const read = (name: string) =>
        JSON.parse(Bun.spawnSync(["tar", "-xOf", archive, name]).stdout.toString());
      const [repositories, list] = [read("repositories"), read("manifest.json")];
      directory[Symbol.dispose]();
      const [diffId = ""] = (await images.resolve("app:1")).diffIds;
      const [packedId = ""] = (await images.resolve("me/packed:2")).diffIds;
      expect(repositories).toEqual({
        app: { 1: diffId.replace("sha256:", "") },
        "me/packed": { 2: packedId.replace("sha256:", "") },
      });
      const source = {
        mediaType: "application/vnd.oci.image.layer.v1.tar",
        size: expect.any(Number),
        digest: diffId,
      };
      expect(list[0].LayerSources).toEqual({ [diffId]: source });
      expect(list[1].LayerSources).toBeUndefined();
    });

    test("load refuses bytes that are no archive", async () => {
      expect(await errorOf(load(subject(), new Uint8Array(1024).fill(7)))).toBeInstanceOf(Error);
      expect(await subject().images.list(everything)).toEqual([]);
    });

    test("load takes the requested platform of an index, and refuses an index without it", async () => {
      const { images } = subject();
      const source = { layers: [[{ path: "file", content: "text" }]] };
      const all = ["arm64", "s390x"].map((architecture) => buildImage({ ...source, architecture }));
      const archive = ociLayout(imageIndex(all), "docker.io/library/app:1", all);
      const platform = (architecture: string) => ({ os: "linux", architecture });
      expect(await errorOf(load(subject(), archive, platform("riscv64")))).toBeInstanceOf(Error);
      expect(await images.list(everything)).toEqual([]);
      await load(subject(), archive, platform("s390x"));
      expect((await images.resolve("app:1")).config.architecture).toBe("s390x");
    });

    test("a saved image is loaded with the same ID, name and manifest", async () => {
      const { images, image, name } = subject();
      await pull(subject());
      const archive = await buffer(await images.save([name], { signal }));
      await images.remove(name, { force: false, prune: true, signal });
      expect(await images.list(everything)).toEqual([]);
      expect(await load(subject(), archive)).toMatchObject([{ loaded: name }]);
      expect(await images.inspect(name)).toMatchObject({
        id: image.config.digest,
        target: { digest: image.manifest.digest },
      });
    });

    test("save throws before the first byte when an image is missing", async () => {
      const { images, name } = subject();
      await pull(subject());
      expect(await errorOf(images.save([name, "none"], { signal }))).toMatchObject({
        code: "not-found",
        message: "No such image: none:latest",
      });
    });

    test("import creates an image and applies the changes", async () => {
      const { images, image } = subject();
      const [layer] = image.layers;
      const archive = Bun.gunzipSync(new Uint8Array(layer?.bytes ?? []));
      const id = await images.import(new Blob([archive]).stream(), {
        reference: parseReference("imported:1"),
        changes: ['CMD ["/bin/x"]', "ENV A=1 B='two words'", "USER app", "EXPOSE 80"],
        message: "from a tar",
        signal,
      });
      const found = await images.resolve("imported:1");
      expect(found.id).toBe(id);
      expect(found.diffIds as string[]).toEqual([layer?.diffId ?? ""]);
      expect(found.config.config).toMatchObject({
        Cmd: ["/bin/x"],
        Env: ["A=1", "B=two words"],
        User: "app",
        ExposedPorts: { "80/tcp": {} },
      });
      expect((await images.history(id))[0]?.comment).toBe("from a tar");
    });

    test("import refuses an unknown instruction and creates no image", async () => {
      const { images } = subject();
      const options = { changes: ["RUN true"], message: "", signal };
      expect(await errorOf(images.import(new Blob([new Uint8Array(1024)]).stream(), options))).toMatchObject({
        code: "invalid-argument",
      });
      expect(await images.list(everything)).toEqual([]);
    });
  });
}

function load(
  { images }: ImagesSubject,
  bytes: Uint8Array,
  platform?: { os: string; architecture: string },
): Promise<unknown[]> {
  return Array.fromAsync(images.load(new Blob([new Uint8Array(bytes)]).stream(), { platform, signal }));
}
