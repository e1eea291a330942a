import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { type ImageServer, startImageServer } from "#test/support/image-server.ts";
import { type Blob, buildImage, ociArchive, type TestImage } from "#test/support/images.ts";
import { tar } from "#test/support/tar.ts";
import { loadImage } from "../support/images.ts";

const entries = [{ path: "file", content: "text" }];
const raw = tar(entries);
const known = buildImage({ layers: [entries] });

daemonSuite("blobs of layers that are already unpacked", {}, (daemon) => {
  let server: ImageServer;

  beforeAll(async () => {
    server = startImageServer();
    await loadImage(daemon, "known:1", { layers: [entries] });
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });

  const pull = (tag: string, image: TestImage) => {
    server.publish(tag, image);
    return daemon.tbox(["pull", `${server.host}/app:${tag}`]);
  };
  const images = () => daemon.printed("images", "--format", "{{.Repository}}:{{.Tag}}");
  const badChecksum = Buffer.from(gzipSync(raw));
  badChecksum.writeUInt8(badChecksum.readUInt8(badChecksum.length - 8) ^ 1, badChecksum.length - 8);

  test.each([
    ["is no archive", "not a tar at all"],
    ["is truncated", gzipSync(raw).subarray(0, -9)],
    ["has no checksum", gzipSync(raw).subarray(0, -8)],
    ["has a wrong checksum", badChecksum],
    ["has another archive", gzipSync(tar([{ path: "file", content: "evil" }]))],
  ])("a blob that %s is not pulled and not loaded", async (name, bytes) => {
    const image = withBlob(Buffer.from(bytes));
    const tag = name.replaceAll(" ", "-");
    const pulled = await pull(tag, image);
    expect(pulled.code).toBe(1);
    expect(pulled.stderr).toMatch(/diffID|gzip stream is damaged/);
    const loaded = await daemon.tbox(["load"], { stdin: ociArchive(image, `${tag}:1`) });
    expect(loaded.code).toBe(1);
    expect(await images()).toBe("known:1");
  });

  test("another compression of the archive is accepted", async () => {
    const pulled = await pull("zstd", buildImage({ layers: [entries], compression: "zstd" }));
    expect(pulled.code).toBe(0);
    await daemon.printed("rmi", `${server.host}/app:zstd`);
  });

  test("two diffIDs for one blob are both compared with it", async () => {
    await loadImage(daemon, "other:1", { layers: [[{ path: "other", content: "other" }]] });
    const other = buildImage({ layers: [[{ path: "other", content: "other" }]] });
    const [layer] = known.layers;
    const [otherLayer] = other.layers;
    if (!layer || !otherLayer) throw new Error("an image has no layer");
    const both = imageOf([layer, { ...layer, diffId: otherLayer.diffId }]);
    expect((await pull("both", both)).code).toBe(1);
    await daemon.printed("rmi", "other:1");
  });

  test("system check finds a blob that is not the archive of its layer", async () => {
    const image = withBlob(Buffer.from("trusted without a look"));
    const [layer] = image.layers;
    if (!layer) throw new Error("the image has no layer");
    const database = new Database(`${daemon.data}/tbox.db`);
    database
      .query("INSERT INTO verified_blobs (blob, diff_id) VALUES (?, ?)")
      .run(layer.digest, layer.diffId);
    database.close();
    expect((await pull("trusted", image)).code).toBe(0);
    const name = `${server.host}/app:trusted`;
    const checked = await daemon.tbox(["system", "check", "--repair"]);
    expect(checked.code).toBe(1);
    expect(checked.stdout).toContain(`layer ${layer.diffId} (known:1): cannot compare with blob`);
    await daemon.printed("rmi", name);
    expect((await daemon.tbox(["system", "check"])).code).toBe(0);
  });
});

/** Returns the known image with other bytes as the blob of its layer. */
function withBlob(bytes: Uint8Array): TestImage {
  return imageOf(known.layers.map((layer) => ({ ...layer, ...blob(layer.mediaType, bytes) })));
}

function imageOf(layers: TestImage["layers"]): TestImage {
  const config = JSON.parse(Buffer.from(known.config.bytes).toString());
  config.rootfs.diff_ids = layers.map(({ diffId }) => diffId);
  const configBlob = json(known.config.mediaType, config);
  const manifest = JSON.parse(Buffer.from(known.manifest.bytes).toString());
  manifest.config = descriptor(configBlob);
  manifest.layers = layers.map(descriptor);
  return { config: configBlob, layers, manifest: json(known.manifest.mediaType, manifest) };
}

function json(mediaType: string, value: unknown): Blob {
  return blob(mediaType, Buffer.from(JSON.stringify(value)));
}

function blob(mediaType: string, bytes: Uint8Array): Blob {
  const digest = `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;
  return { mediaType, digest, bytes };
}

function descriptor({ mediaType, digest, bytes }: Blob) {
  return { mediaType, digest, size: bytes.length };
}
