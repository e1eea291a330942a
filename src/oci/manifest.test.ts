import { describe, expect, test } from "bun:test";
import { errorChain } from "#support/errors.ts";
import { digestOf } from "./digest.ts";
import { parseManifest } from "./manifest.ts";

const type = "application/vnd.oci.image";
const manifestType = `${type}.manifest.v1+json`;
const indexType = `${type}.index.v1+json`;
const good = digestOf("good");
const config = { mediaType: `${type}.config.v1+json`, digest: good, size: 2 };
const layer = { mediaType: `${type}.layer.v1.tar`, digest: good, size: 3 };

const text = (fields: object) =>
  JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers: [layer], ...fields });

function fault(document: string, deliveredAs: string | undefined = manifestType): string {
  try {
    parseManifest(Buffer.from(document), deliveredAs);
  } catch (error) {
    return errorChain(error);
  }
  throw new Error(`taken: ${document}`);
}

describe("a manifest", () => {
  test("is parsed without its optional fields", () => {
    const fields = { layers: null, annotations: { A: "1", a: "2" }, own: { x: 1 } };
    const document = parseManifest(Buffer.from(text(fields)), undefined);
    expect(document).toMatchObject({ kind: "manifest", mediaType: manifestType, manifest: { layers: [] } });
  });

  test("is parsed without a schema version, which some tools leave out", () => {
    const document = parseManifest(Buffer.from(text({ schemaVersion: undefined })), undefined);
    expect(document).toMatchObject({ kind: "manifest", manifest: { schemaVersion: 2 } });
    const zero = parseManifest(Buffer.from(text({ schemaVersion: 0 })), undefined);
    expect(zero).toMatchObject({ kind: "manifest", manifest: { schemaVersion: 2 } });
  });

  test.each([
    ["of an unknown algorithm", "md5:d41d8cd98f00b204e9800998ecf8427e"],
    ["in upper case", good.toUpperCase()],
    ["with upper-case digits", `sha256:${"A".repeat(64)}`],
    ["that is a path", "sha256:../../../../tmp/x"],
    ["that is too short", "sha256:abc"],
    ["with a line end", `${good}\n`],
    ["with a second part", `${good}:x`],
    ["of nothing", ""],
    ["that is no text", 7],
    ["of an object's own field", `constructor:${"0".repeat(64)}`],
  ])("with a digest %s is refused in every position", (_, digest) => {
    expect(fault(text({ layers: [{ ...layer, digest }] }))).toContain("manifest");
    expect(fault(text({ config: { ...config, digest } }))).toContain("manifest");
    const index = { schemaVersion: 2, mediaType: indexType, manifests: [{ ...layer, digest }] };
    expect(fault(JSON.stringify(index), indexType)).toContain("manifest");
  });

  test.each([-1, 1.5, 2 ** 53, "3", null])("with a size of %p is refused", (size) => {
    expect(fault(text({ layers: [{ ...layer, size }] }))).toContain("manifest");
  });

  test.each([
    ["a manifest and an index at once", text({ manifests: [] }), "both an index and a manifest"],
    ["something else inside", text({ mediaType: indexType }), "was delivered as"],
    ["a key twice", text({}).replace("{", '{"config":{},'), "occurs twice"],
    ["a key in two cases", text({}).replace("{", '{"Layers":[],'), "occurs twice"],
    ["a key twice, once escaped", text({}).replace("{", '{"layer\\u0073":[],'), "occurs twice"],
    [
      "a number that no double holds",
      text({ own: 0 }).replace('"own":0', '"own":9007199254740993'),
      "too large",
    ],
    ["text after it", `${text({})}x`, "not JSON"],
    ["another document after it", text({}) + text({}), "not JSON"],
    ["a mark before it", `\ufeff${text({})}`, "not JSON"],
    ["an array around it", `[${text({})}]`, "manifest"],
    ["a layer of an unknown type", text({ layers: [{ ...layer, mediaType: "text/html" }] }), "unknown type"],
    ["a huge configuration", text({ config: { ...config, size: 2 ** 40 } }), "configuration of over"],
    ["schema 1", JSON.stringify({ schemaVersion: 1 }), "schema 1"],
    ["schema 3", text({ schemaVersion: 3 }), "schemaVersion"],
    ["a schema in a text", text({ schemaVersion: "2" }), "schemaVersion"],
    ["no configuration", text({ config: undefined }), "config"],
  ])("that is ambiguous or invalid is refused: %s", (_, document, reason) => {
    expect(fault(document)).toContain(reason);
  });

  test("in invalid UTF-8 is refused", () => {
    const bytes = Buffer.concat([
      Buffer.from('{"schemaVersion":2,"own":"'),
      Buffer.of(0xff),
      Buffer.from('"}'),
    ]);
    expect(() => parseManifest(bytes, manifestType)).toThrow("not JSON");
  });

  test("delivered as a web page is refused", () => {
    expect(fault("<html></html>", "text/html")).toContain("not JSON");
    expect(fault(text({ mediaType: undefined }), "text/html")).toContain("unsupported type text/html");
  });
});
