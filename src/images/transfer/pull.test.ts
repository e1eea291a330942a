import type { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, fstatSync } from "node:fs";
import { openDiskContentStore } from "#content/open-content-store.ts";
import type { Layers } from "#layers/layers.ts";
import type { DiffId } from "#oci/digest.ts";
import { parseReference } from "#oci/reference.ts";
import { errorChain } from "#support/errors.ts";
import { openUsageRegister } from "#support/usage-register.ts";
import { memoryDatabase } from "#test/support/database.ts";
import { fakeLayers } from "#test/support/fake-layers.ts";
import { type Blob, buildImage, imageIndex, type TestImage } from "#test/support/images.ts";
import { immediately } from "#test/support/immediately.ts";
import { plainRegistry } from "#test/support/registry-options.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import type { Images } from "../images.ts";
import { openImages } from "../open-images.ts";
import type { Progress } from "./image-transfer.ts";

type Answer = (request: Request, bytes: Uint8Array) => Response | Promise<Response>;

let directory: TemporaryDirectory;
let database: Database;
let images: Images;
let image: TestImage;
let server: Bun.Server<undefined>;
let asked: string[];
/** Sent bytes by the requested digest. */
let served: Map<string, number>;
let blobs: Map<string, Uint8Array>;
let tags: Map<string, Blob>;
let answers: Map<string, Answer>;

beforeEach(async () => {
  directory = temporaryDirectory("pull");
  database = memoryDatabase();
  image = buildImage({
    layers: ["a", "b", "c"].map((path) => [{ path, content: path.repeat(300_000) }]),
    compression: "none",
  });
  asked = [];
  served = new Map();
  blobs = new Map();
  tags = new Map();
  answers = new Map();
  publish("1", image);
  server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer });
  await open();
});
afterEach(async () => {
  await server.stop(true);
  database.close();
  directory[Symbol.dispose]();
});

/** Opens the store like a starting daemon. */
async function open(ensure?: Layers["ensure"]): Promise<void> {
  const layers = fakeLayers(new Set(), image.layers[0]?.diffId as DiffId);
  images = await openImages({
    database,
    content: await openDiskContentStore(`${directory.path}/store`),
    layers: { ...layers, ...(ensure ? { ensure } : {}) },
    registry: { ...plainRegistry, patience: 300 },
    helloProgram: "/nonexistent",
    applyChanges: (settings) => settings,
    uses: openUsageRegister(),
    defer: immediately,
    warn: () => {},
    notify: () => {},
  });
  images.startCollecting();
}

function publish(tag: string, { manifest, config, layers }: TestImage): void {
  tags.set(tag, manifest);
  for (const { digest, bytes } of [manifest, config, ...layers]) blobs.set(digest, bytes);
}

function answer(request: Request): Response | Promise<Response> {
  const [, kind = "", name = ""] =
    /^\/v2\/app\/(manifests|blobs)\/(.+)$/.exec(new URL(request.url).pathname) ?? [];
  asked.push(`${request.method} ${name.slice(0, 19)}`);
  const tagged = kind === "manifests" ? tags.get(name) : undefined;
  const bytes = tagged?.bytes ?? blobs.get(name);
  if (bytes === undefined) return new Response("{}", { status: 404 });
  const special = answers.get(name);
  if (special) return special(request, bytes);
  if (kind === "blobs") return whole(name, bytes);
  const mediaType = tagged?.mediaType ?? JSON.parse(Buffer.from(bytes).toString()).mediaType;
  const digest = `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;
  return new Response(new Uint8Array(bytes), {
    headers: { "Content-Type": mediaType, "Docker-Content-Digest": digest },
  });
}

function whole(digest: string, bytes: Uint8Array): Response {
  served.set(digest, (served.get(digest) ?? 0) + bytes.length);
  return new Response(new Uint8Array(bytes));
}

const name = () => `127.0.0.1:${server.port}/app:1`;
const pull = (signal = new AbortController().signal, reference = name()): Promise<Progress[]> =>
  Array.fromAsync(images.pull(parseReference(reference), { signal }));
const layer = (index: number) => {
  const found = image.layers[index];
  if (!found) throw new Error(`no layer ${index}`);
  return found;
};
const gets = () => asked.filter((line) => line.startsWith("GET")).toSorted();
const short = (digest: string) => digest.slice(0, 19);

describe("an interrupted pull", () => {
  test("resumes from its blobs, also after a restart and the removal of other images", async () => {
    publish("other", buildImage({ layers: [[{ path: "x", content: "x" }]] }));
    await pull(undefined, `127.0.0.1:${server.port}/app:other`);
    const { digest, bytes } = layer(2);
    const cut = Math.floor(bytes.length * 0.6);
    const stop = new AbortController();
    const others = [image.config, layer(0), layer(1)];
    answers.set(digest, () => {
      served.set(digest, cut);
      // After the first part nothing arrives until the user cancels the pull.
      const body = new ReadableStream({ start: (controller) => controller.enqueue(bytes.slice(0, cut)) });
      return new Response(body, { headers: { "Content-Length": String(bytes.length) } });
    });
    const blobs = `${directory.path}/store/blobs`;
    const partial = `${blobs}/.partial/${digest.slice(7)}`;
    const kept = (blob: string) => existsSync(`${blobs}/sha256/${blob.slice(7)}`);
    const pulling = pull(stop.signal).catch(errorChain);
    while (Bun.file(partial).size < cut || others.some((one) => !kept(one.digest))) {
      await new Promise(setImmediate);
    }
    stop.abort();
    await pulling;
    expect(await images.list({ all: true, filters: new Map() })).toHaveLength(1);
    await open();
    await images.remove(`127.0.0.1:${server.port}/app:other`, {
      force: false,
      prune: true,
      signal: stop.signal,
    });
    answers.set(digest, (request) => {
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.get("Range") ?? "")?.[1] ?? 0);
      served.set(digest, (served.get(digest) ?? 0) + bytes.length - start);
      const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
      return new Response(bytes.slice(start), { status: 206, headers: { "Content-Range": range } });
    });
    asked = [];
    await pull();
    expect(gets()).toEqual([short("1"), short(digest)].map((one) => `GET ${one}`).toSorted());
    expect(served.get(digest)).toBe(bytes.length);
  });

  test("leaves no blobs after a prune", async () => {
    const stop = new AbortController();
    answers.set(layer(2).digest, () => new Response(new ReadableStream()));
    const pulling = pull(stop.signal).catch(errorChain);
    while (!served.has(layer(1).digest)) await new Promise(setImmediate);
    stop.abort();
    await pulling;
    const options = {
      all: false,
      labels: [],
      notLabels: [],
      until: undefined,
      signal: new AbortController().signal,
    };
    await images.prune(options);
    const left = await Array.fromAsync(
      new Bun.Glob("blobs/**").scan({ cwd: `${directory.path}/store`, dot: true }),
    );
    expect(left).toEqual([]);
  });
});

test("a layer is unpacked while it is downloaded", async () => {
  const { digest, bytes } = layer(0);
  const gate = Promise.withResolvers<void>();
  answers.set(digest, () => {
    const half = bytes.length >> 1;
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(bytes.slice(0, half));
        await gate.promise;
        controller.enqueue(bytes.slice(half));
        controller.close();
      },
    });
    return new Response(body, { headers: { "Content-Length": `${bytes.length}` } });
  });
  const read: [number, number | undefined][] = [];
  await open((diffId, blob) =>
    blob(async (descriptor, arrival) => {
      if (diffId !== layer(0).diffId) return;
      const more = Promise.withResolvers<void>();
      using _ = arrival?.onGrowth(more.resolve);
      read.push([fstatSync(descriptor).size, arrival?.size]);
      gate.resolve();
      await more.promise;
    }),
  );
  await pull();
  expect(read).toEqual([[expect.any(Number), bytes.length]]);
  expect(read[0]?.[0]).toBeGreaterThan(0);
  expect(read[0]?.[0]).toBeLessThan(bytes.length);
});

test("the error of the download takes precedence over the error of the unpacking", async () => {
  answers.set(layer(1).digest, (_, bytes) => new Response("?".repeat(bytes.length)));
  await open((diffId) =>
    diffId === layer(1).diffId ? Promise.reject(new Error("no archive")) : Promise.resolve(),
  );
  expect(errorChain(await pull().catch((error) => error))).toContain("its bytes have the digest");
});

test("concurrent pulls fetch each blob once", async () => {
  await Promise.all([pull(), pull()]);
  const counts = Map.groupBy(gets(), (line) => line);
  for (const { digest } of [image.config, ...image.layers])
    expect(counts.get(`GET ${short(digest)}`)).toHaveLength(1);
  expect((await images.list({ all: false, filters: new Map() }))[0]?.repoTags).toEqual([name()]);
});

test("cancelling one of two pulls does not end the other", async () => {
  const gate = Promise.withResolvers<void>();
  answers.set(layer(0).digest, async (_, bytes) => {
    await gate.promise;
    return whole(layer(0).digest, bytes);
  });
  const stop = new AbortController();
  const first = pull(stop.signal).catch(errorChain);
  while (!asked.includes(`GET ${short(layer(0).digest)}`)) await new Promise(setImmediate);
  const second = pull();
  while (asked.filter((line) => line === "GET 1").length < 2) await new Promise(setImmediate);
  stop.abort();
  await first;
  gate.resolve();
  expect((await second).at(-1)?.status).toContain("Downloaded newer image");
});

describe("a pull of a present image", () => {
  beforeEach(async () => {
    await pull();
    asked = [];
  });

  test("asks with HEAD, which rate limits do not count", async () => {
    expect((await pull()).at(-1)?.status).toBe(`Status: Image is up to date for ${name()}`);
    expect(asked).toEqual(["HEAD 1"]);
  });

  test("fetches the new manifest of a moved tag", async () => {
    publish("1", buildImage({ layers: [[{ path: "new", content: "new" }]] }));
    expect((await pull()).at(-1)?.status).toBe(`Status: Downloaded newer image for ${name()}`);
  });

  test.each([405, 404, 429])("is fetched if the registry answers HEAD with %d", async (status) => {
    const { bytes, mediaType } = image.manifest;
    answers.set("1", (request) =>
      request.method === "HEAD"
        ? new Response(null, { status })
        : new Response(new Uint8Array(bytes), { headers: { "Content-Type": mediaType } }),
    );
    expect((await pull()).at(-1)?.status).toContain("Image is up to date");
    expect((await images.inspect(name())).repoDigests).toEqual([
      `127.0.0.1:${server.port}/app@${image.manifest.digest}`,
    ]);
  });
});

describe("a busy registry", () => {
  test("that always answers 429 is reported with its message and the login state", async () => {
    answers.set(
      "1",
      () => new Response("toomanyrequests:\n slow down", { status: 429, headers: { "Retry-After": "0" } }),
    );
    const error = await pull().catch(errorChain);
    expect(error).toContain(
      `registry 127.0.0.1:${server.port} answered 429 to a request without credentials`,
    );
    expect(error).toContain("toomanyrequests: slow down");
    expect(gets()).toHaveLength(5);
  });

  test("that demands too long a wait is not retried", async () => {
    answers.set("1", () => new Response("", { status: 429, headers: { "Retry-After": "3600" } }));
    expect(await pull().catch(errorChain)).toContain("it demands a wait of 3600 s");
    expect(gets()).toHaveLength(1);
  });
});

describe("a slow registry", () => {
  test("that only trickles a layer fails the pull", async () => {
    answers.set(layer(0).digest, () => {
      let timer: Timer;
      const body = new ReadableStream({
        start(controller) {
          timer = setInterval(() => controller.enqueue(new Uint8Array(1)), 20);
        },
        cancel: () => clearInterval(timer),
      });
      return new Response(body);
    });
    const error = await pull().catch(errorChain);
    expect(error).toContain("bytes arrived within 0.3 s");
    expect(await images.list({ all: true, filters: new Map() })).toEqual([]);
  });

  test("that never answers fails the pull", async () => {
    let count = 0;
    answers.set(layer(0).digest, (_, bytes) =>
      count++ === 0 ? new Promise<Response>(() => {}) : whole(layer(0).digest, bytes),
    );
    await pull();
    expect(count).toBe(2);
  });
});

describe("an index", () => {
  const other = () => buildImage({ layers: [[{ path: "x", content: "x" }]], architecture: "s390x" });

  test("within an index is followed up to a depth", async () => {
    const foreign = other();
    publish("foreign", foreign);
    let top = imageIndex([foreign, image]);
    for (let level = 0; level < 2; level++) {
      blobs.set(top.digest, top.bytes);
      top = nest(top);
    }
    tags.set("1", top);
    await pull();
    expect((await images.inspect(name())).target.digest as string).toBe(top.digest);
    for (let level = 0; level < 8; level++) {
      blobs.set(top.digest, top.bytes);
      top = nest(top);
    }
    tags.set("deep", top);
    const error = await pull(undefined, `127.0.0.1:${server.port}/app:deep`).catch(errorChain);
    expect(error).toContain("levels of nested indexes");
  });

  test("without the platform is refused with an error that names the image", async () => {
    const foreign = other();
    publish("1", foreign);
    tags.set("1", imageIndex([foreign]));
    const error = await pull().catch(errorChain);
    expect(error).toContain("no matching manifest for linux/");
    expect(error).toContain(name());
    expect(error).toEndWith(": it has linux/s390x");
  });
});

test("a name with a digest sets no tag", async () => {
  await pull(undefined, `${name()}@${image.manifest.digest}`);
  const [found] = await images.list({ all: true, filters: new Map() });
  expect(found?.repoTags).toEqual([]);
  expect(found?.repoDigests).toEqual([`127.0.0.1:${server.port}/app@${image.manifest.digest}`]);
});

/** Returns an index that lists one index. */
function nest({ mediaType, digest, bytes }: Blob): Blob {
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    manifests: [{ mediaType, digest, size: bytes.length }],
  });
  const outer = Buffer.from(text);
  return {
    mediaType,
    bytes: outer,
    digest: `sha256:${new Bun.CryptoHasher("sha256").update(outer).digest("hex")}`,
  };
}
