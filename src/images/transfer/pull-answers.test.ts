import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { openDiskContentStore } from "#content/open-content-store.ts";
import type { Layers } from "#layers/layers.ts";
import { type DiffId, digestOf } from "#oci/digest.ts";
import { parseReference } from "#oci/reference.ts";
import { errorChain, TboxError } from "#support/errors.ts";
import { openUsageRegister } from "#support/usage-register.ts";
import { memoryDatabase } from "#test/support/database.ts";
import { fakeLayers } from "#test/support/fake-layers.ts";
import { type BlobAnswer, type ImageServer, startImageServer } from "#test/support/image-server.ts";
import { buildImage } from "#test/support/images.ts";
import { immediately } from "#test/support/immediately.ts";
import { plainRegistry } from "#test/support/registry-options.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { openImages } from "../open-images.ts";
import type { Progress } from "./image-transfer.ts";

const image = buildImage({
  layers: [[{ path: "file", content: "x".repeat(1_500_000) }]],
  compression: "none",
});
const layer = image.layers[0]?.digest ?? "";

let directory: TemporaryDirectory;
let server: ImageServer;
let lines: Progress[];

beforeEach(() => {
  directory = temporaryDirectory("pull-answers");
  server = startImageServer();
  server.publish("1", image);
  lines = [];
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

/** Pulls `app:tag`; returns the last line or the error. */
async function pull(tag: string, ensure?: Layers["ensure"]): Promise<string> {
  const images = await openImages({
    database: memoryDatabase(),
    content: await openDiskContentStore(`${directory.path}/store`),
    layers: { ...fakeLayers(new Set(), layer as DiffId), ...(ensure ? { ensure } : {}) },
    registry: plainRegistry,
    helloProgram: "/nonexistent",
    applyChanges: (settings) => settings,
    uses: openUsageRegister(),
    defer: immediately,
    warn: () => {},
    notify: () => {},
  });
  const reference = parseReference(`${server.host}/app:${tag}`);
  try {
    for await (const line of images.pull(reference, { signal: new AbortController().signal })) {
      lines.push(line);
    }
  } catch (error) {
    return errorChain(error);
  }
  return lines.at(-1)?.status ?? "";
}

describe("a registry that breaks off", () => {
  const inPieces =
    (size: number): BlobAnswer =>
    (bytes, from) => {
      const body = new Uint8Array(bytes.slice(from, from + size));
      const headers = { "Content-Range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
      return new Response(body, from === 0 ? {} : { status: 206, headers });
    };

  test("after each piece is asked again as long as bytes arrive", async () => {
    server.answer(layer, inPieces(100_000));
    expect(await pull("1")).toContain("Downloaded newer image");
  });

  test("after a few bytes each time is given up", async () => {
    server.answer(layer, inPieces(10));
    expect(await pull("1")).toContain("ended after 60 of");
  });

  test("and answers with wrong ranges sends the blob as a whole", async () => {
    let count = 0;
    server.answer(layer, (bytes, from) => {
      if (count++ === 0) return new Response(new Uint8Array(bytes.slice(0, 1000)));
      const body = new Uint8Array(from === 0 ? bytes : bytes.slice(from));
      return new Response(body, from === 0 ? {} : { status: 206 });
    });
    expect(await pull("1")).toContain("Downloaded newer image");
    expect(count).toBe(3);
  });
});

test("a missing image fails before the first line", async () => {
  expect(await pull("none")).toContain("not found");
  expect(lines).toEqual([]);
});

test("media types are compared without regard to case", async () => {
  const text = Buffer.from(image.manifest.bytes).toString();
  const bytes = Buffer.from(text.replaceAll("application/vnd.oci", "Application/vnd.OCI"));
  const mediaType = image.manifest.mediaType.toUpperCase();
  server.publish("upper", { ...image, manifest: { mediaType, digest: digestOf(bytes), bytes } });
  expect(await pull("upper")).toContain("Downloaded newer image");
});

test("an error of a layer's archive names the layer", async () => {
  const refused = new TboxError("invalid-argument", "the layer is not a tar archive");
  expect(await pull("1", () => Promise.reject(refused))).toBe(`layer ${layer}: ${refused.message}`);
});
