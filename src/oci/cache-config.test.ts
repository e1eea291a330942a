import { expect, test } from "bun:test";
import { cacheConfigType, encodeCache, parseCacheConfig, parseCacheManifest } from "./cache-config.ts";
import { digestOf, parseDiffId } from "./digest.ts";
import { encodeJson } from "./encode-json.ts";

const [lower, upper] = [parseDiffId(digestOf("lower")), parseDiffId(digestOf("upper"))];
const plain = (digest: typeof lower) => ({
  mediaType: "application/vnd.oci.image.layer.v1.tar",
  digest,
  size: 5,
});
const steps = [
  { key: "a".repeat(64), created: 1000, layer: { diffId: lower, descriptor: plain(lower) } },
  { key: "b".repeat(64), created: 2000 },
  { key: "c".repeat(64), created: 3000, layer: { diffId: upper, descriptor: plain(upper), below: lower } },
];
const sent = new Map([[lower, { mediaType: "x/gzip", digest: digestOf("compressed"), size: 3 }]]);

function manifestOf(config: Uint8Array, blobs: object[], key: "layers" | "manifests") {
  const descriptor = { mediaType: cacheConfigType, digest: digestOf(config), size: config.length };
  const manifest =
    key === "layers" ? { config: descriptor, layers: blobs } : { manifests: [...blobs, descriptor] };
  return parseCacheManifest(encodeJson({ schemaVersion: 2, ...manifest }));
}

test.each(["layers", "manifests"] as const)("an exported cache is read as it was written, with %s", (key) => {
  const { blobs, ...described } = encodeCache(steps, sent);
  const config = encodeJson(described);
  const manifest = manifestOf(config, blobs, key);
  if (!manifest) throw new Error("no cache");
  const read = parseCacheConfig(config, manifest);
  expect(read.map(({ key: one, layer }) => [one[0], layer?.diffId, layer?.descriptor.digest])).toEqual([
    ["a", lower, digestOf("compressed")],
    ["b", undefined, undefined],
    ["c", upper, upper],
  ]);
  expect(JSON.parse(Buffer.from(config).toString()).layers).toEqual([
    { blob: digestOf("compressed"), parent: -1 },
    { blob: upper, parent: 0 },
  ]);
});

test("the cache of another builder is read, with its chains and links", () => {
  const config = encodeJson({
    layers: [{ blob: digestOf("compressed"), parent: -1 }],
    records: [
      { digest: `sha256:${"d".repeat(64)}` },
      { digest: "random:abc", inputs: [[{ link: 0, selector: "/x" }]] },
      { digest: `sha256:${"e".repeat(64)}`, chains: [{ layers: [0], createdAt: "2026-01-01T00:00:00Z" }] },
      { digest: `sha256:${"f".repeat(64)}`, layers: [{ layer: 7, createdAt: "0001-01-01T00:00:00Z" }] },
    ],
  });
  const manifest = manifestOf(config, [], "layers");
  if (!manifest) throw new Error("no cache");
  expect(parseCacheConfig(config, manifest).map(({ key }) => key[0])).toEqual(["d", "e"]);
});

test("the manifest of an image is not one of a cache", () => {
  expect(
    parseCacheManifest(encodeJson({ schemaVersion: 2, config: plain(lower), layers: [] })),
  ).toBeUndefined();
});
