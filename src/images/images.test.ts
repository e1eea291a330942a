import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { openDiskContentStore } from "#content/store.ts";
import type { Layers } from "#layers/layers.ts";
import { type DiffId, digestOf } from "#oci/digest.ts";
import { parseReference } from "#oci/reference.ts";
import { tar } from "#test/support/tar.ts";
import type { Images, Progress } from "./images.ts";
import { openImages } from "./open-images.ts";

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
let unpacked: Set<DiffId>;
let users: { id: string; running: boolean }[];
let server: Bun.Server<undefined>;
let asked: string[];
let answers: Map<string, () => Response>;

beforeEach(async () => {
  root = await mkdtemp(`${tmpdir()}/tbox-images-`);
  await Bun.write(`${root}/hello`, "program");
  unpacked = new Set();
  users = [];
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
      return answers.get(pathname)?.() ?? new Response("{}", { status: 404 });
    },
  });
  images = await openImages({
    database: new Database(":memory:", { strict: true }),
    content: await openDiskContentStore(`${root}/store`),
    layers: fakeLayers(),
    registry: { insecure: [], mirrors: {} },
    helloProgram: `${root}/hello`,
    usedBy: () => users,
  });
});
afterEach(async () => {
  await server.stop(true);
  await rm(root, { recursive: true, force: true });
});

test("a pulled image is named, found by name, ID and prefix, and listed", async () => {
  const lines = await pull();
  expect(lines.at(-1)?.status).toBe(`Status: Downloaded newer image for ${name()}`);
  const id = digestOf(config);
  for (const text of [name(), id, id.slice(7, 20)]) expect((await images.resolve(text)).id).toBe(id);
  const [image] = await images.list({ all: false, filters: new Map() });
  expect(image?.repoTags).toEqual([name()]);
  expect(image?.repoDigests).toEqual([`127.0.0.1:${server.port}/debian@${digestOf(manifest)}`]);
  expect([...unpacked]).toEqual([diffId as DiffId]);
});

test("a second pull fetches no layer again", async () => {
  await pull();
  asked.length = 0;
  const lines = await pull();
  expect(asked).toEqual(["/v2/debian/manifests/12"]);
  expect(lines.at(-1)?.status).toBe(`Status: Image is up to date for ${name()}`);
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

test("of an index the entry for the platform is taken, never an attestation", async () => {
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

test("an image that is not here is named in the refusal", () => {
  expect(images.resolve("nosuch")).rejects.toThrow("No such image: nosuch:latest");
});

test("the built-in image needs no registry and is known by its ID", async () => {
  const image = await images.resolve("hello");
  expect(image.embedded).toBe(true);
  expect(image.config.config?.Cmd).toEqual(["/hello"]);
  expect(asked).toEqual([]);
});

test("removing the last name removes the image", async () => {
  await pull();
  const removed = await images.remove(name(), { force: false, prune: true, signal });
  expect(removed).toContainEqual({ untagged: name() });
  expect(removed).toContainEqual({ deleted: digestOf(config) });
  expect(await images.list({ all: true, filters: new Map() })).toEqual([]);
  expect(unpacked.size).toBe(0);
});

test("an image in use is not removed", async () => {
  await pull();
  users = [{ id: "c".repeat(64), running: true }];
  expect(images.remove(digestOf(config), { force: true, prune: true, signal })).rejects.toThrow(
    "cannot be forced",
  );
  expect(images.remove(name(), { force: false, prune: true, signal })).rejects.toThrow("must force");
  expect((await images.resolve(name())).id).toBe(digestOf(config));
});

test("a docker-archive is loaded under its names", async () => {
  const archive = tar([
    { path: "abc.json", content: config },
    { path: "abc/layer.tar", content: layer },
    {
      path: "manifest.json",
      content: encode([{ Config: "abc.json", RepoTags: ["x/y:1"], Layers: ["abc/layer.tar"] }]),
    },
  ]);
  const loaded = await Array.fromAsync(images.load(new Blob([archive]).stream(), { signal }));
  expect(loaded).toEqual([{ loaded: "x/y:1" }]);
  expect((await images.resolve("x/y:1")).id).toBe(digestOf(config));
});

test("an imported root file system becomes an image with the changes asked for", async () => {
  const reference = parseReference("imported:1");
  const changes = ['CMD ["/bin/x"]', "ENV A=1 B='two words'", "USER app", "EXPOSE 80"];
  const stream = new Blob([layer]).stream();
  const id = await images.import(stream, { reference, changes, message: "", signal });
  expect((await images.resolve("imported:1")).id).toBe(id);
  expect((await images.resolve(id)).config.config).toMatchObject({
    Cmd: ["/bin/x"],
    Env: ["A=1", "B=two words"],
    User: "app",
    ExposedPorts: { "80/tcp": {} },
  });
});

test("a filter that does not exist is refused by name", () => {
  expect(images.list({ all: false, filters: new Map([["colour", ["red"]]]) })).rejects.toThrow(
    "invalid filter 'colour'",
  );
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

/** Unpacks nothing, and remembers what it was asked to. */
function fakeLayers(): Layers {
  return {
    has: (one) => unpacked.has(one),
    size: () => 4,
    ensure: async (one) => {
      unpacked.add(one);
    },
    adopt: async () => {
      unpacked.add(diffId as DiffId);
      return diffId as DiffId;
    },
    remove: async (diffIds) => {
      for (const one of diffIds) unpacked.delete(one);
    },
    list: () => [...unpacked],
  };
}
