import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import fc from "fast-check";
import { readMessages } from "#buildkit/grpc/frames.ts";
import { definition, operation } from "#buildkit/protocol/definition.ts";
import { readContainerRows } from "#containers/state/container-rows.ts";
import { requestTarget } from "#daemon/http/target.ts";
import { parseCommandRequest } from "#launcher/command-request.ts";
import { parseConfig } from "#oci/config.ts";
import { parseManifest } from "#oci/manifest.ts";
import { bytesOf, mutated, parameters, timeout } from "./mutated.ts";

const digest = `sha256:${"a".repeat(64)}`;
const descriptor = (mediaType: string) => ({ mediaType, digest, size: 7 });
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const manifests = [
  {
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptor("application/vnd.oci.image.config.v1+json"),
    layers: [descriptor("application/vnd.oci.image.layer.v1.tar+gzip")],
    annotations: { a: "b" },
  },
  {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [{ ...descriptor(manifestType), platform: { architecture: "amd64", os: "linux" } }],
  },
].map((one) => bytesOf(JSON.stringify(one)));

/** Tests that an action ends with a value or with an error that has a code. */
function expectRefusal(error: unknown, ...codes: string[]): void {
  expect(error).toBeInstanceOf(Error);
  expect(codes).toContain(error instanceof Error && "code" in error ? String(error.code) : "");
}

test(
  "a manifest of a registry is read or refused",
  () => {
    const property = fc.property(mutated(manifests), (bytes) => {
      try {
        expect(["manifest", "index"]).toContain(parseManifest(bytes, undefined).kind);
      } catch (error) {
        expectRefusal(error, "invalid-argument", "not-implemented");
      }
      expect(Object.keys(Object.prototype)).toEqual([]);
    });
    fc.assert(property, parameters);
  },
  timeout,
);

test(
  "an image's configuration is read or refused",
  () => {
    const config = {
      architecture: "amd64",
      os: "linux",
      config: {
        Env: ["A=b"],
        Cmd: ["sh"],
        Labels: { a: "b" },
        Volumes: { "/v": {} },
        ExposedPorts: { "80/tcp": {} },
      },
      rootfs: { type: "layers", diff_ids: [digest] },
      history: [{ created: "2026-01-01T00:00:00Z", created_by: "x", empty_layer: true }],
    };
    const property = fc.property(mutated([bytesOf(JSON.stringify(config))]), (bytes) => {
      try {
        parseConfig(bytes);
      } catch (error) {
        expectRefusal(error, "invalid-argument", "not-implemented");
      }
    });
    fc.assert(property, parameters);
  },
  timeout,
);

test(
  "a request has a target that no URL parser changes, or is refused",
  () => {
    const corpus = [
      "/v1.43/containers/a/json?all=1",
      "http://docker/info",
      "/a/%2e%2e/b",
      "//_ping#x",
      "/a\\b",
    ];
    const property = fc.property(mutated(corpus.map(bytesOf)), (bytes) => {
      const url = Buffer.from(bytes).toString("latin1");
      const request = { url, rawHeaders: ["Host", url] } as unknown as IncomingMessage;
      try {
        const { path, search } = requestTarget(request);
        const parsed = new URL(`http://tbox${path}${search}`);
        expect(parsed.pathname + parsed.search).toBe(new URL(`http://tbox${path}`).pathname + parsed.search);
        expect([parsed.host, parsed.hash]).toEqual(["tbox", ""]);
        expect(parsed.pathname.split("/").length).toBe(path.split("/").length);
      } catch (error) {
        expectRefusal(error, "invalid-argument");
      }
    });
    fc.assert(property, parameters);
  },
  timeout,
);

test(
  "messages of a gRPC stream are the same wherever it is cut, or the stream is refused",
  async () => {
    const frame = (text: string) => Uint8Array.of(0, 0, 0, 0, text.length, ...bytesOf(text));
    const corpus = [frame("one"), frame(""), frame("x".repeat(200)), Uint8Array.of(1, 0, 0, 0, 1, 9)];
    const read = async (pieces: Buffer[]) => {
      const found: string[] = [];
      try {
        for await (const message of readMessages(Readable.from(pieces))) found.push(message.toString("hex"));
      } catch (error) {
        expect(error).toMatchObject({ name: "GrpcError" });
        return "refused";
      }
      return found;
    };
    const inputs = fc.tuple(mutated(corpus), fc.integer({ min: 1, max: 40 }));
    const property = fc.asyncProperty(inputs, async ([bytes, size]) => {
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) pieces.push(Buffer.from(bytes.subarray(at, at + size)));
      expect(await read(pieces)).toEqual(await read(bytes.length > 0 ? [Buffer.from(bytes)] : []));
    });
    await fc.assert(property, parameters);
  },
  timeout,
);

test(
  "messages of BuildKit's protocol are decoded or refused, and an encoded message is decoded again",
  () => {
    const source = { identifier: "docker-image://a", attributes: new Map([["a", "b"]]) };
    const one = operation.encode({ inputs: [{}], source });
    const corpus = [one, definition.encode({ operations: [one, one], metadata: new Map([["d", {}]]) })];
    const property = fc.property(mutated(corpus), (bytes) => {
      for (const type of [operation, definition]) {
        let value: ReturnType<typeof type.decode>;
        try {
          value = type.decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          continue;
        }
        const again = (type as typeof definition).encode(value as ReturnType<typeof definition.decode>);
        expect(type.decode(again)).toEqual(value);
      }
    });
    fc.assert(property, parameters);
  },
  timeout,
);

test(
  "a command line of the launcher is read or refused",
  () => {
    const fields = ["1:2", "mnt", "user", "/home", "012", "3", "tbox", "run", "box", "A=b", "PATH=/bin", ""];
    const property = fc.property(mutated([bytesOf(fields.join("\0"))]), (bytes) => {
      try {
        const { argv, environment } = parseCommandRequest(bytes);
        expect(argv.length).toBeLessThanOrEqual(bytes.length);
        expect(Object.keys(environment)).not.toContain("");
      } catch (error) {
        expectRefusal(error, "invalid-argument", "ERR_ENCODING_INVALID_ENCODED_DATA");
      }
    });
    fc.assert(property, parameters);
  },
  timeout,
);

test(
  "a damaged record of a container is read or set aside",
  () => {
    const record = { id: "a", name: "n", config: { Image: "x" }, hostConfig: {}, state: {} };
    const database = new Database(":memory:");
    database.run("CREATE TABLE containers (id TEXT PRIMARY KEY, name TEXT UNIQUE, record TEXT)");
    const insert = database.query("INSERT OR REPLACE INTO containers VALUES ('a', 'n', ?)");
    const property = fc.property(mutated([bytesOf(JSON.stringify(record))]), (bytes) => {
      insert.run(new TextDecoder().decode(bytes));
      const warnings: unknown[] = [];
      const { readable, setAside } = readContainerRows(database, (text) => void warnings.push(text));
      expect(readable.length + setAside.size).toBe(1);
      expect(warnings.length).toBe(setAside.size);
    });
    fc.assert(property, parameters);
    database.close();
  },
  timeout,
);
