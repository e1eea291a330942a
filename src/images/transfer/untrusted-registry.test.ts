import type { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { openDiskContentStore } from "#content/open-content-store.ts";
import type { DiffId } from "#oci/digest.ts";
import { parseReference } from "#oci/reference.ts";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { errorChain } from "#support/errors.ts";
import { openUsageRegister } from "#support/usage-register.ts";
import { memoryDatabase } from "#test/support/database.ts";
import { fakeLayers } from "#test/support/fake-layers.ts";
import { buildImage, type TestImage } from "#test/support/images.ts";
import { immediately } from "#test/support/immediately.ts";
import { plainRegistry } from "#test/support/registry-options.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import type { Images } from "../images.ts";
import { openImages } from "../open-images.ts";
import type { Progress } from "./image-transfer.ts";

type Answer = (request: Request) => Response;

let directory: TemporaryDirectory;
let database: Database;
let images: Images;
let image: TestImage;
let server: Bun.Server<undefined>;
/** Answers by path: `manifests/…` or `blobs/…`. */
let answers: Map<string, Answer>;

beforeEach(async () => {
  directory = temporaryDirectory("untrusted");
  database = memoryDatabase();
  image = buildImage({ layers: [[{ path: "a", content: "a".repeat(2000) }]], compression: "none" });
  answers = new Map();
  publish(image, "1");
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      const path = /^\/v2\/app\/(.+)$/.exec(new URL(request.url).pathname)?.[1] ?? "";
      return answers.get(path)?.(request) ?? new Response("{}", { status: 404 });
    },
  });
  images = await openImages({
    database,
    content: await openDiskContentStore(`${directory.path}/store`),
    layers: fakeLayers(new Set(), image.layers[0]?.diffId as DiffId),
    registry: { ...plainRegistry, patience: 300 },
    helloProgram: "/nonexistent",
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
  database.close();
  directory[Symbol.dispose]();
});

function publish({ manifest, config, layers }: TestImage, tag: string): void {
  const headers = { "Content-Type": manifest.mediaType };
  answers.set(`manifests/${tag}`, () => new Response(Buffer.from(manifest.bytes), { headers }));
  for (const { digest, bytes } of [config, ...layers])
    answers.set(`blobs/${digest}`, () => new Response(Buffer.from(bytes)));
}

const name = (tag = "1") => `127.0.0.1:${server.port}/app:${tag}`;

function pull(tag = "1", credentials?: RegistryCredentials): Promise<Progress[]> {
  const { signal } = new AbortController();
  return Array.fromAsync(
    images.pull(parseReference(name(tag)), { signal, ...(credentials ? { credentials } : {}) }),
  );
}

const layer = () => image.layers[0] ?? { digest: "", bytes: new Uint8Array(), diffId: "" };
const stored = () => readdirSync(`${directory.path}/store/blobs/sha256`);

async function expectRefused(reason: string): Promise<void> {
  expect(await pull().then(() => "taken", errorChain)).toContain(reason);
  expect(await images.list({ all: true, filters: new Map() })).toEqual([]);
}

describe("a manifest", () => {
  test.each([
    ["a path for a digest", (text: string) => text.replaceAll(layer().digest, "sha256:../../x"), "manifest"],
    [
      "the fields of an index",
      (text: string) => text.replace("{", '{"manifests":[],'),
      "both an index and a manifest",
    ],
    ["a duplicate field", (text: string) => text.replace("{", '{"Layers":[],'), "occurs twice"],
    ["more than 4 MiB", (text: string) => text + " ".repeat(4 * 1024 * 1024), "longer than"],
    ["the content of a web page", () => "<html>Please log in</html>", "not JSON"],
  ])("with %s is refused and not stored", async (_, change, reason) => {
    const bytes = change(Buffer.from(image.manifest.bytes).toString());
    const headers = { "Content-Type": image.manifest.mediaType };
    answers.set("manifests/1", () => new Response(bytes, { headers }));
    await expectRefused(reason);
    expect(stored()).toEqual([]);
  });

  test("with a content encoding is refused", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const headers = { "Content-Type": image.manifest.mediaType, "Content-Encoding": "gzip" };
    answers.set("manifests/1", () => new Response(bomb, { headers }));
    await expectRefused("the content encoding gzip");
  });

  test("with more layers than its configuration is refused before a layer is fetched", async () => {
    const { layers, ...manifest } = JSON.parse(Buffer.from(image.manifest.bytes).toString());
    const bytes = JSON.stringify({ ...manifest, layers: Array.from({ length: 10_000 }, () => layers[0]) });
    const headers = { "Content-Type": image.manifest.mediaType };
    answers.set("manifests/1", () => new Response(bytes, { headers }));
    answers.set(`blobs/${layer().digest}`, () => {
      throw new Error("a layer was fetched");
    });
    await expectRefused("10000 layers");
  });

  test("that changes between HEAD and GET is stored as received", async () => {
    await pull();
    const next = buildImage({ layers: [[{ path: "b", content: "b" }]], compression: "none" });
    const last = buildImage({ layers: [[{ path: "c", content: "c" }]], compression: "none" });
    publish(last, "1");
    const answer = answers.get("manifests/1");
    answers.set("manifests/1", (request) => {
      const digest = { "Docker-Content-Digest": next.manifest.digest };
      if (request.method === "HEAD") return new Response(null, { headers: digest });
      return answer?.(request) ?? new Response("", { status: 500 });
    });
    await pull();
    expect((await images.inspect(name())).id as string).toBe(last.config.digest);
  });
});

describe("a configuration", () => {
  test("of more than 4 MiB is refused", async () => {
    const variables = Array.from({ length: 400_000 }, (_, number) => `VARIABLE${number}=x`);
    const large = buildImage({
      layers: [[{ path: "a", content: "a" }]],
      config: { Env: variables },
      compression: "none",
    });
    publish(large, "1");
    await expectRefused("configuration of over");
  });

  test("with more layers than can be mounted is refused before a layer is fetched", async () => {
    const many = buildImage({
      layers: Array.from({ length: 128 }, (_, number) => [{ path: `${number}`, content: "" }]),
      compression: "none",
    });
    publish(many, "1");
    for (const { digest } of many.layers) answers.delete(`blobs/${digest}`);
    await expectRefused("more than 127 layers");
  });
});

test("a layer is resumed at any offset, and no received byte is requested again", async () => {
  const { digest, bytes } = layer();
  for (let cut = 0; cut < bytes.length; cut += 97) {
    await images
      .remove(name(), { force: true, prune: true, signal: new AbortController().signal })
      .catch(() => {});
    let first = true;
    let served = 0;
    answers.set(`blobs/${digest}`, (request) => {
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.get("Range") ?? "")?.[1] ?? 0);
      const part = Buffer.from(first ? bytes.subarray(from, cut) : bytes.subarray(from));
      first = false;
      served += part.length;
      const range = { "Content-Range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
      return from === 0 ? new Response(part) : new Response(part, { status: 206, headers: range });
    });
    await pull();
    expect({ cut, served }).toEqual({ cut, served: bytes.length });
  }
});

test("a broken image does not affect an intact one with the same layers", async () => {
  const { config, layers } = image;
  const fields = JSON.parse(Buffer.from(image.manifest.bytes).toString());
  const broken = { mediaType: layers[0]?.mediaType, digest: config.digest, size: config.bytes.length };
  const bytes = JSON.stringify({ ...fields, layers: [...fields.layers, broken] });
  answers.set(
    "manifests/broken",
    () => new Response(bytes, { headers: { "Content-Type": image.manifest.mediaType } }),
  );
  for (let round = 0; round < 5; round++) {
    const [bad, good] = await Promise.allSettled([pull("broken"), pull()]);
    expect([bad.status, good.status]).toEqual(["rejected", "fulfilled"]);
    expect((await images.list({ all: true, filters: new Map() })).map(({ id }) => id as string)).toEqual([
      config.digest,
    ]);
  }
});

test.each([401, 403, 404, 429, 500])(
  "no password appears in the error when a registry answers %d",
  async (status) => {
    const password = `canary-${crypto.randomUUID()}`;
    const headers = { "WWW-Authenticate": 'Basic realm="x"', "Retry-After": "0" };
    answers.set("manifests/1", () => new Response("{}", { status, headers }));
    const error = await pull("1", { username: "me", password }).then(() => "taken", errorChain);
    expect(error).toContain(`127.0.0.1:${server.port}`);
    expect(error).not.toContain(password);
    expect(error).not.toContain(btoa(`me:${password}`));
  },
);
