import { describe, expect, test } from "bun:test";
import type { SentBlob } from "#images/export/image-exports.ts";
import type { RemoteContent } from "#images/transfer/remote-content.ts";
import { parseCacheConfig, parseCacheManifest } from "#oci/cache-config.ts";
import { type Digest, digestOf } from "#oci/digest.ts";
import {
  type ActionsCacheServer,
  type GrantedScope,
  startActionsCache,
  workflowToken,
} from "#test/support/actions-cache.ts";
import { openPlace } from "./cache-place.ts";
import { contentsOf } from "./contents.ts";
import { openStore, type StoreSettings } from "./open-store.ts";
import { readActionsCache } from "./options.ts";

const signal = AbortSignal.timeout(30_000);
const versions = ["1", "2"];

function placeOf({ url, token }: ActionsCacheServer, attributes: Record<string, string>) {
  return openPlace(readActionsCache(new Map(Object.entries({ url, token, ...attributes })), "cache-to"));
}

function storeOf(
  server: ActionsCacheServer,
  attributes: Record<string, string>,
  changed: Partial<StoreSettings> = {},
) {
  const settings = { api: new URL(server.url), wait: 1, attempts: 3, ...changed };
  return openStore(placeOf(server, attributes), settings);
}

function blobOf(bytes: Uint8Array): SentBlob {
  return {
    digest: digestOf(bytes),
    size: bytes.length,
    async *read(start, end) {
      for (let at = start; at < end; at += 1024 * 1024)
        yield bytes.subarray(at, Math.min(end, at + 1024 * 1024));
    },
  };
}

const sending = { mountFrom: [], signal, onProgress: () => {} };

async function bytesOf(content: RemoteContent, digest: Digest, offset = 0): Promise<Buffer> {
  const opened = await content.open({ mediaType: "", digest, size: 0 }, offset, signal);
  expect(opened.offset).toBe(offset);
  return Buffer.concat(await Array.fromAsync(opened.bytes));
}

/** An index with one layer and one result. */
function indexOf(blob: Digest): Uint8Array<ArrayBuffer> {
  const annotations = {
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    diffID: digestOf("plain"),
    size: 5,
    createdAt: "2026-01-02T03:04:05Z",
  };
  const records = [
    { digest: `sha256:${"a".repeat(64)}`, layers: [{ layer: 0, createdAt: annotations.createdAt }] },
  ];
  return Buffer.from(JSON.stringify({ layers: [{ blob, parent: -1, annotations }], records }));
}

async function stepsOf(content: RemoteContent) {
  const manifest = parseCacheManifest(await content.top(signal));
  if (!manifest) throw new Error("no cache");
  return parseCacheConfig(await bytesOf(content, manifest.config.digest), manifest);
}

describe.each(versions)("version %s", (version) => {
  test("returns blobs and the newest index", async () => {
    await using server = startActionsCache();
    const store = storeOf(server, { version });
    const small = blobOf(Buffer.from("layer"));
    const large = blobOf(Buffer.alloc(33 * 1024 * 1024, 7));
    expect(await store.hasBlob(small.digest, signal)).toBe(false);
    for (const blob of [small, large]) await store.putBlob(blob, sending);
    expect(await store.hasBlob(small.digest, signal)).toBe(true);
    await store.putIndex(Buffer.from("{}"), signal);
    await store.putIndex(indexOf(small.digest), signal);
    const scope = digestOf("refs/heads/main").slice(7, 15);
    expect([...server.entries.keys()]).toEqual([
      `buildkit-blob-1-${small.digest}`,
      `buildkit-blob-1-${large.digest}`,
      `index-buildkit-1-${scope}#1`,
      `index-buildkit-1-${scope}#2`,
    ]);
    const [content] = contentsOf(placeOf(server, { version }));
    if (!content) throw new Error("no scope");
    expect(content.name).toBe("gha:buildkit of refs/heads/main");
    expect(await stepsOf(content)).toEqual([
      {
        key: "a".repeat(64),
        created: Date.parse("2026-01-02T03:04:05Z"),
        layer: {
          diffId: digestOf("plain") as never,
          descriptor: {
            mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
            digest: small.digest,
            size: 5,
          },
        },
      },
    ]);
    expect((await bytesOf(content, small.digest, 2)).toString()).toBe("yer");
    expect(digestOf(await bytesOf(content, large.digest))).toBe(large.digest);
  });

  test("a blob and an index number that another build has reserved are left to it", async () => {
    await using server = startActionsCache();
    const blob = blobOf(Buffer.from("layer"));
    const key = `index-a-1-${digestOf("refs/heads/main").slice(7, 15)}#`;
    for (const taken of [`buildkit-blob-1-${blob.digest}`, `${key}1`, `${key}2`]) server.reserve(taken);
    const store = storeOf(server, { version, scope: "a" });
    await store.putBlob(blob, sending);
    await store.putIndex(Buffer.from("{}"), signal);
    expect([...server.entries.keys()]).toEqual([`${key}3`]);
  });

  test("a server that has reserved every number ends the attempts", async () => {
    await using server = startActionsCache();
    for (let number = 1; number <= 110; number++) {
      server.reserve(`index-a-1-${digestOf("refs/heads/main").slice(7, 15)}#${number}`);
    }
    const put = storeOf(server, { version, scope: "a" }).putIndex(Buffer.from("{}"), signal);
    await expect(put).rejects.toThrow("every number is reserved");
  });

  test("an overloaded server is asked again, and a refusal is reported without the token", async () => {
    await using server = startActionsCache();
    let busy = 2;
    server.answer = () =>
      busy-- > 0 ? new Response("", { status: 429, headers: { "retry-after": "0" } }) : undefined;
    const store = storeOf(server, { version });
    expect(await store.hasBlob(digestOf("x"), signal)).toBe(false);
    server.answer = () => Response.json({ message: "quota exceeded" }, { status: 403 });
    const refused = store.hasBlob(digestOf("x"), signal);
    await expect(refused).rejects.toThrow(
      /^the actions cache at 127\.0\.0\.1:\d+ answered 403: quota exceeded$/,
    );
  });

  test("a scope without a cache is empty, and a lost blob is reported", async () => {
    await using server = startActionsCache([
      { Scope: "refs/pull/1/merge", Permission: 3 },
      { Scope: "refs/heads/main", Permission: 1 },
    ]);
    const store = storeOf(server, { version });
    await store.putIndex(indexOf(digestOf("lost")), signal);
    const [own, base] = contentsOf(placeOf(server, { version }));
    if (!own || !base) throw new Error("no scopes");
    expect((await stepsOf(own)).length).toBe(1);
    expect(await stepsOf(base)).toEqual([]);
    await expect(bytesOf(own, digestOf("lost"))).rejects.toThrow("the actions cache no longer has sha256:");
  });
});

test("GitHub's REST API lists all blobs at once", async () => {
  await using server = startActionsCache();
  const digests = Array.from({ length: 101 }, (_, index) => digestOf(String(index)));
  server.answer = (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/repos/o/r/actions/caches") return undefined;
    expect(request.headers.get("authorization")).toBe("Bearer secret");
    expect(searchParams.get("ref")).toBe("refs/heads/main");
    const start = (Number(searchParams.get("page")) - 1) * 100;
    const keys = digests.slice(start, start + 100).map((digest) => ({ key: `buildkit-blob-1-${digest}` }));
    return Response.json({ total_count: digests.length, actions_caches: keys });
  };
  const store = storeOf(server, { repository: "o/r", ghtoken: "secret" });
  expect(await Promise.all([...digests, digestOf("other")].map((one) => store.hasBlob(one, signal)))).toEqual(
    [...digests.map(() => true), false],
  );
  expect(server.requests).toHaveLength(2);
});

test("a server elsewhere may not lead to this machine", async () => {
  await using server = startActionsCache();
  const place = placeOf(server, {});
  const { port } = new URL(server.url);
  const far = openPlace({ ...place.options, url: new URL(`http://192.0.2.1:${port}/`) });
  await expect(far.connection.download(`${server.url}blob/x`, 0, signal)).rejects.toThrow("is not allowed");
  expect(server.requests).toEqual([]);
});

test.each<[string, () => string, string]>([
  ["without claims", () => "none", "the token is not one of GitHub Actions"],
  ["that has expired", () => workflowToken([], 1000), "the token expired at 1970-01-01T00:16:40.000Z"],
  ["from the future", () => workflowToken([], 1e10), "the token is valid from 2286-11-20"],
])("a token %s is refused", async (_, token, text) => {
  const options = readActionsCache(
    new Map(Object.entries({ url: "http://127.0.0.1:1/", token: token() })),
    "cache-to",
  );
  expect(() => openPlace(options)).toThrow(text);
});

test("a token that may only read exports nothing", async () => {
  const scopes: GrantedScope[] = [{ Scope: "refs/heads/main", Permission: 1 }];
  await using server = startActionsCache(scopes);
  expect(() => storeOf(server, {})).toThrow("the token of the workflow may only read the cache");
});

const service = { token: "t", url: "https://cache.example/a/" };
test.each([
  [{ ...service }, { version: 1, url: "https://cache.example/a/", scope: "buildkit", timeout: 600_000 }],
  [
    { ...service, url_v2: "https://two.example/" },
    { version: 2, url: "https://two.example/" },
  ],
  [
    { ...service, url_v2: "https://two.example/", version: "1" },
    { version: 1, url: "https://cache.example/a/" },
  ],
  [
    { ...service, version: "2", timeout: "90s", scope: "s" },
    { version: 2, timeout: 90_000, scope: "s" },
  ],
  [
    { token: "t", url: "https://results-receiver.actions.githubusercontent.com/" },
    { version: 2, url: "https://results-receiver.actions.githubusercontent.com/" },
  ],
])("the attributes %j are read", (given, expected) => {
  const { url, ...read } = readActionsCache(new Map(Object.entries(given)), "cache-to");
  expect({ ...read, url: url.href }).toMatchObject(expected);
});

test.each<[Record<string, string>, string]>([
  [{ url: "http://a/" }, "token is missing: give it the value of ACTIONS_RUNTIME_TOKEN"],
  [{ token: "t" }, "url is missing: give it the value of ACTIONS_RESULTS_URL"],
  [{ ...service, url: "file:///x" }, "url is not an http or https address"],
  [{ ...service, version: "3" }, "version 3: use 1 or 2"],
  [{ ...service, timeout: "soon" }, "timeout soon: use a duration such as 10m"],
])("the attributes %j are refused", (given, text) => {
  expect(() => readActionsCache(new Map(Object.entries(given)), "cache-from")).toThrow(
    `cache-from: type gha: ${text}`,
  );
});
