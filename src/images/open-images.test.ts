import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { openDiskContentStore } from "#content/open-content-store.ts";
import { type DiffId, digestOf } from "#oci/digest.ts";
import { parseReference } from "#oci/reference.ts";
import { errorChain } from "#support/errors.ts";
import { openUsageRegister } from "#support/usage-register.ts";
import { memoryDatabase } from "#test/support/database.ts";
import { fakeLayers } from "#test/support/fake-layers.ts";
import { immediately } from "#test/support/immediately.ts";
import { plainRegistry } from "#test/support/registry-options.ts";
import { tar } from "#test/support/tar.ts";
import type { Images } from "./images.ts";
import { openImages } from "./open-images.ts";
import type { Progress } from "./transfer/image-transfer.ts";

const signal = new AbortController().signal;
const layer = tar([{ path: "file", content: "text" }]);
const diffId = digestOf(layer);
const config = encode({ os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [diffId] } });
const manifest = encode({
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  config: blob("application/vnd.oci.image.config.v1+json", config),
  layers: [blob("application/vnd.oci.image.layer.v1.tar", layer)],
});

let root: string;
let images: Images;
let server: Bun.Server<undefined>;
let asked: string[];
let answers: Map<string, (request: Request) => Response>;

beforeEach(async () => {
  root = await mkdtemp(`${tmpdir()}/tbox-images-`);
  await Bun.write(`${root}/hello`, "program");
  asked = [];
  answers = new Map([
    ["/v2/debian/manifests/12", () => document(manifest, "application/vnd.oci.image.manifest.v1+json")],
    [`/v2/debian/blobs/${digestOf(config)}`, () => new Response(config)],
    [`/v2/debian/blobs/${diffId}`, () => new Response(layer)],
  ]);
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      const { pathname } = new URL(request.url);
      asked.push(pathname);
      return answers.get(pathname)?.(request) ?? new Response("{}", { status: 404 });
    },
  });
  images = await openImages({
    database: memoryDatabase(),
    content: await openDiskContentStore(`${root}/store`),
    layers: fakeLayers(new Set(), diffId as DiffId),
    registry: plainRegistry,
    helloProgram: `${root}/hello`,
    applyChanges: (settings) => settings,
    uses: openUsageRegister(),
    defer: immediately,
    warn: () => {},
    notify: () => {},
  });
  images.startCollecting();
});
afterEach(async () => {
  await server.stop(true);
  await rm(root, { recursive: true, force: true });
});

test.each([
  [
    "a layer with other bytes",
    `/v2/debian/blobs/${diffId}`,
    () => new Response("x".repeat(layer.byteLength)),
  ],
  ["a layer that is longer", `/v2/debian/blobs/${diffId}`, () => new Response(`${layer}x`.repeat(3))],
  ["a configuration with other bytes", `/v2/debian/blobs/${digestOf(config)}`, () => new Response("{}")],
  ["a manifest of schema 1", "/v2/debian/manifests/12", () => document(encode({ schemaVersion: 1 }), "")],
])("%s leaves no image behind", async (_, path, answer) => {
  answers.set(path, answer);
  expect(pull()).rejects.toThrow();
  await pull().catch(() => {});
  expect(await images.list({ all: true, filters: new Map() })).toEqual([]);
});

test("a pull of an index fetches the platform's manifest and no attestation", async () => {
  const other = { ...blob("application/vnd.oci.image.manifest.v1+json", encode({ a: 1 })) };
  const own = blob("application/vnd.oci.image.manifest.v1+json", manifest);
  const index = encode({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [
      { ...other, platform: { os: "unknown", architecture: "unknown" } },
      { ...other, platform: { os: "linux", architecture: "" } },
      { ...own, platform: { os: "linux", architecture: process.arch === "arm64" ? "arm64" : "amd64" } },
    ],
  });
  answers.set("/v2/debian/manifests/12", () => document(index, "application/vnd.oci.image.index.v1+json"));
  answers.set(`/v2/debian/manifests/${digestOf(manifest)}`, () =>
    document(manifest, "application/vnd.oci.image.manifest.v1+json"),
  );
  await pull();
  expect((await images.inspect(name())).target.digest).toBe(digestOf(index));
  expect(await images.list({ all: false, filters: new Map() })).toHaveLength(1);
});

/** Serves an image with this configuration; returns its ID. */
function serveConfig(value: Record<string, unknown>): string {
  const bytes = encode(value);
  const changed = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: blob("application/vnd.oci.image.config.v1+json", bytes),
    layers: [blob("application/vnd.oci.image.layer.v1.tar", layer)],
  };
  answers.set("/v2/debian/manifests/12", () => document(encode(changed), changed.mediaType));
  answers.set(`/v2/debian/blobs/${digestOf(bytes)}`, () => new Response(bytes));
  return digestOf(bytes);
}

const rootfs = { type: "layers", diff_ids: [diffId] };
const platform = { os: "linux", architecture: "amd64" };

test.each([
  ["without a history", { ...platform, rootfs }],
  ["with a history shorter than its layers", { ...platform, rootfs, history: [] }],
  ["created at no time", { ...platform, rootfs, created: null }],
  ["with unknown fields", { ...platform, rootfs, x: { y: 1 }, config: { Z: [1] } }],
])("a configuration %s is kept byte for byte", async (_, value) => {
  const id = serveConfig(value);
  await pull();
  expect((await images.resolve(name())).id as string).toBe(id);
});

test("a configuration without layers is refused", async () => {
  serveConfig({ ...platform, rootfs: { ...rootfs, type: "other" } });
  await expect(pull()).rejects.toThrow("rootfs");
});

test("a manifest of schema 1 is refused with the reason", async () => {
  const signed = "application/vnd.docker.distribution.manifest.v1+prettyjws";
  answers.set("/v2/debian/manifests/12", () => document(encode({ schemaVersion: 1 }), signed));
  const error = await pull().catch(errorChain);
  expect(error).toContain("schema 1");
  expect(error).toContain(name());
});

test("a layer with URLs is fetched from the registry only", async () => {
  const elsewhere = { ...blob("application/vnd.oci.image.layer.v1.tar", layer), urls: [] as string[] };
  const paths = [
    "http://127.0.0.1",
    "http://169.254.169.254/x",
    "file:///etc/passwd",
    `${server.url}elsewhere`,
  ];
  elsewhere.urls = paths;
  const changed = { ...JSON.parse(new TextDecoder().decode(manifest)), layers: [elsewhere] };
  answers.set("/v2/debian/manifests/12", () => document(encode(changed), changed.mediaType));
  await pull();
  expect(asked).not.toContain("/elsewhere");
});

describe("a layer", () => {
  const path = `/v2/debian/blobs/${diffId}`;

  test("with a flipped bit is refused with the expected and the computed digest, and deleted", async () => {
    const flipped = Buffer.from(layer);
    flipped[600] = (flipped[600] ?? 0) ^ 1;
    answers.set(path, () => new Response(flipped));
    const error = await pull().catch(errorChain);
    expect(error).toContain(diffId);
    expect(error).toContain(digestOf(flipped));
    expect(await Bun.file(`${root}/store/blobs/${diffId.replace(":", "/")}`).exists()).toBe(false);
  });

  test("that ends early is refused with the expected and the received size", async () => {
    answers.set(path, () => new Response(layer.subarray(0, 1000)));
    const error = await pull().catch(errorChain);
    expect(error).toContain(`ended after 1000 of ${layer.byteLength} bytes`);
  });

  test("without an end is read only up to its size", async () => {
    let sent = 0;
    const source = () =>
      new ReadableStream({
        pull(controller) {
          sent += 65_536;
          controller.enqueue(new Uint8Array(65_536));
        },
      });
    answers.set(path, () => new Response(source()));
    const error = await pull().catch(errorChain);
    expect(error).toContain(`is longer than its ${layer.byteLength} bytes`);
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  test("is resumed after an interruption from the received bytes", async () => {
    let served = 0;
    const cut = Math.floor(layer.byteLength * 0.6);
    serveRanges((offset) => {
      const part = offset === 0 ? layer.subarray(0, cut) : layer.subarray(offset);
      served += part.byteLength;
      return partial(part, offset);
    });
    await pull();
    expect(served).toBe(layer.byteLength);
  });

  test("starts over if the registry does not support ranges", async () => {
    let count = 0;
    serveRanges(() => new Response(count++ === 0 ? layer.subarray(0, 900) : layer));
    await pull();
    expect(count).toBe(2);
  });

  test("starts over if the registry refuses the range", async () => {
    let count = 0;
    serveRanges((offset) => {
      if (offset > 0) return new Response(null, { status: 416 });
      return new Response(count++ === 0 ? layer.subarray(0, 900) : layer);
    });
    await pull();
    expect(count).toBe(2);
  });

  function serveRanges(answer: (offset: number) => Response): void {
    answers.set(path, (request) =>
      answer(Number(/^bytes=(\d+)-$/.exec(request.headers.get("Range") ?? "")?.[1] ?? 0)),
    );
  }

  function partial(part: Uint8Array, offset: number): Response {
    if (offset === 0) return new Response(part);
    const range = `bytes ${offset}-${layer.byteLength - 1}/${layer.byteLength}`;
    return new Response(part, { status: 206, headers: { "Content-Range": range } });
  }
});

function name(): string {
  return `127.0.0.1:${server.port}/debian:12`;
}

function pull(): Promise<Progress[]> {
  return Array.fromAsync(images.pull(parseReference(name()), { signal }));
}

function document(bytes: Uint8Array, type: string): Response {
  return new Response(bytes, { headers: { "content-type": type } });
}

function blob(mediaType: string, bytes: Uint8Array): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
}

function encode(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}
