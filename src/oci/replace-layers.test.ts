import { expect, test } from "bun:test";
import { digestOf } from "./digest.ts";
import { encodeJson } from "./encode-json.ts";
import { replaceLayers } from "./replace-layers.ts";

test("other layers, annotations and unknown fields of a manifest stay", () => {
  const plain = { mediaType: "a/tar", digest: digestOf("plain"), size: 9, annotations: { a: "b" } };
  const kept = { mediaType: "a/tar+gzip", digest: digestOf("kept"), size: 4 };
  const manifest = {
    schemaVersion: 2,
    config: { x: 1 },
    layers: [plain, kept, plain],
    annotations: { c: "d" },
  };
  const replacement = { mediaType: "a/tar+zstd", digest: digestOf("compressed"), size: 3 };
  const bytes = replaceLayers(encodeJson(manifest), new Map([[plain.digest as string, replacement]]));
  const replaced = { ...replacement, annotations: { a: "b" } };
  expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual({
    ...manifest,
    layers: [replaced, kept, replaced],
  });
});
