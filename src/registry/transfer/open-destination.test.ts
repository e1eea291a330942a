import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { digestOf } from "#oci/digest.ts";
import { parseReference } from "#oci/reference.ts";
import { plainRegistry } from "#test/support/registry-options.ts";
import { type Destination, openDestination } from "./open-destination.ts";

type Answer = (request: Request, url: URL, body: Buffer) => Response | Promise<Response>;

const signal = new AbortController().signal;
const bytes = Buffer.alloc(40 * 1024 * 1024, "0123456789abcdef");
const digest = digestOf(bytes);
const small = Buffer.from("small");
const smallDigest = digestOf(small);

let servers: Bun.Server<undefined>[];
let progress: number[];
beforeEach(() => {
  servers = [];
  progress = [];
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop(true)));
});

function serve(answer: Answer): {
  host: string;
  requests: { line: string; request: Request; body: Buffer }[];
} {
  const requests: { line: string; request: Request; body: Buffer }[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const body = Buffer.from(await request.arrayBuffer());
      const url = new URL(request.url);
      requests.push({ line: `${request.method} ${url.pathname}${url.search}`, request, body });
      return answer(request, url, body);
    },
  });
  servers.push(server);
  return { host: `127.0.0.1:${server.port}`, requests };
}

function destinationAt(host: string, sources: string[] = []): Destination {
  const credentials = { username: "me", password: "secret" };
  return openDestination(parseReference(`${host}/app`), { credentials, sources, ...plainRegistry });
}

function put(destination: Destination, content = small, mountFrom: string[] = []) {
  async function* read(start: number, end: number) {
    for (let at = start; at < end; at += 1 << 20) yield content.subarray(at, Math.min(end, at + (1 << 20)));
  }
  const source = { digest: digestOf(content), size: content.length, read };
  return destination.putBlob(source, { mountFrom, signal, onProgress: (sent) => progress.push(sent) });
}

const at = (location: string, headers: Record<string, string> = {}) =>
  new Response(null, { status: 202, headers: { Location: location, ...headers } });
const stored = () => new Response(null, { status: 201 });
const error = (status: number, code: string, message: string) =>
  Response.json({ errors: [{ code, message }] }, { status });

describe("the location of an upload", () => {
  test.each([
    ["relative", () => "/v2/x/uploads/1?_state=a%2Fb", "/v2/x/uploads/1?_state=a%2Fb"],
    [
      "absolute",
      (host: string) => `http://${host}/v2/x/uploads/1?_state=a%2Fb`,
      "/v2/x/uploads/1?_state=a%2Fb",
    ],
    ["without a query", () => "/v2/x/uploads/1", "/v2/x/uploads/1"],
  ])("%s keeps its query", async (_, location, expected) => {
    const registry = serve((request) => (request.method === "POST" ? at(location(registry.host)) : stored()));
    expect(await put(destinationAt(registry.host))).toEqual({ mountedFrom: undefined });
    const mark = expected.includes("?") ? "&" : "?";
    expect(registry.requests.at(-1)?.line).toBe(
      `PUT ${expected}${mark}digest=${encodeURIComponent(smallDigest)}`,
    );
    expect(registry.requests.at(-1)?.body).toEqual(small);
  });

  test("at another host receives no credentials", async () => {
    const other = serve(stored);
    const registry = serve((request) => {
      if (!request.headers.has("Authorization")) {
        return new Response("{}", { status: 401, headers: { "WWW-Authenticate": 'Basic realm="x"' } });
      }
      return at(`http://${other.host}/upload?token=1`);
    });
    await put(destinationAt(registry.host));
    expect(other.requests).toHaveLength(1);
    expect(other.requests[0]?.request.headers.get("Authorization")).toBeNull();
    expect(other.requests[0]?.body).toEqual(small);
  });

  test("is in the error of a lost upload, but without the query", async () => {
    const registry = serve((request) =>
      request.method === "POST"
        ? at("/v2/x/uploads/1?secret=1")
        : error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry"),
    );
    const failure = await put(destinationAt(registry.host)).catch((cause) => cause.message);
    expect(failure).toContain("blob upload unknown to registry");
    expect(failure).toContain(`http://${registry.host}/v2/x/uploads/1)`);
    expect(failure).not.toContain("secret");
  });
});

describe("a blob of another repository", () => {
  const target = `/v2/app/blobs/uploads/?mount=${encodeURIComponent(smallDigest)}&from=other`;

  test("is mounted", async () => {
    const registry = serve(stored);
    const destination = destinationAt(registry.host, ["other"]);
    expect(await put(destination, small, ["other"])).toEqual({ mountedFrom: "other" });
    expect(registry.requests.map(({ line }) => line)).toEqual([`POST ${target}`]);
  });

  test("is sent to the location that the registry returns instead of mounting it", async () => {
    const registry = serve((request) => (request.method === "POST" ? at("/up?a=1") : stored()));
    await put(destinationAt(registry.host), small, ["other"]);
    expect(registry.requests.map(({ line }) => line.replace(/digest=.*/, ""))).toEqual([
      `POST ${target}`,
      "PUT /up?a=1&",
    ]);
  });

  test("is sent if the mount is forbidden", async () => {
    const registry = serve((request, url) => {
      if (url.searchParams.has("mount")) return error(403, "DENIED", "no");
      return request.method === "POST" ? at("/up") : stored();
    });
    expect(await put(destinationAt(registry.host), small, ["other"])).toEqual({ mountedFrom: undefined });
    expect(registry.requests.map(({ request }) => request.method)).toEqual(["POST", "POST", "PUT"]);
  });
});

/** Serves a registry that accepts chunks; returns the received bytes. */
function chunked(spoil: (method: string, count: number) => Response | undefined) {
  let content: Buffer = Buffer.alloc(0);
  let count = 0;
  const registry = serve((request, url, body) => {
    const spoilt = spoil(request.method, count++);
    if (spoilt) return spoilt;
    const state = { Range: `0-${Math.max(0, content.length - 1)}` };
    switch (request.method) {
      case "POST":
        content = Buffer.alloc(0);
        return at("/up");
      case "GET":
        return new Response(null, { status: 204, headers: { Location: "/up", ...state } });
      case "PATCH": {
        const start = Number(/^(\d+)-/.exec(request.headers.get("Content-Range") ?? "")?.[1]);
        if (start !== content.length) return new Response(null, { status: 416 });
        content = Buffer.concat([content, body]);
        return at("/up", { Range: `0-${content.length - 1}` });
      }
      default:
        if (body.length > 0) content = body;
        return url.searchParams.get("digest") === digestOf(content)
          ? stored()
          : error(400, "DIGEST_INVALID", "x");
    }
  });
  return { registry, got: () => content };
}

describe("a large blob", () => {
  test("is sent in one request", async () => {
    const { registry, got } = chunked(() => undefined);
    await put(destinationAt(registry.host), bytes);
    expect(registry.requests.map(({ request }) => request.method)).toEqual(["POST", "PUT"]);
    expect(digestOf(got())).toBe(digest);
    expect(progress.at(-1)).toBe(bytes.length);
  });

  test("is sent in chunks if one request is too large", async () => {
    const { registry, got } = chunked((method, count) =>
      method === "PUT" && count === 1 ? new Response(null, { status: 413 }) : undefined,
    );
    await put(destinationAt(registry.host), bytes);
    expect(registry.requests.map(({ request }) => request.method).join(" ")).toBe(
      "POST PUT POST PATCH PATCH PATCH PUT",
    );
    expect(digestOf(got())).toBe(digest);
  });

  test("resumes after an interruption from the registry's offset", async () => {
    let cuts = 0;
    const { registry, got } = chunked((method, count) => {
      if (method === "PUT" && count === 1) return new Response(null, { status: 502 });
      if (method === "PATCH" && count === 4 && cuts++ === 0) return new Response(null, { status: 502 });
      return undefined;
    });
    await put(destinationAt(registry.host), bytes);
    expect(registry.requests.map(({ request }) => request.method).join(" ")).toBe(
      "POST PUT POST PATCH PATCH GET PATCH PATCH PUT",
    );
    expect(digestOf(got())).toBe(digest);
  });

  test("starts over if the registry has lost the upload, a limited number of times", async () => {
    const { registry } = chunked((method) =>
      method === "POST" ? undefined : new Response(null, { status: 503, headers: { "Retry-After": "0" } }),
    );
    await expect(put(destinationAt(registry.host), bytes)).rejects.toThrow("503");
    expect(registry.requests.filter(({ request }) => request.method === "PATCH").length).toBe(6);
  });
});

test("the error of a refusal contains the registry's message", async () => {
  const registry = serve(() => error(401, "UNAUTHORIZED", "authentication required"));
  await expect(destinationAt(registry.host).hasBlob(digest, signal)).rejects.toThrow(
    "push access denied for",
  );
  await expect(put(destinationAt(registry.host))).rejects.toThrow("unauthorized: authentication required");
});

test("one token is requested for the repository and the sources of mounts", async () => {
  const asked: string[][] = [];
  const registry = serve((request, url) => {
    if (url.pathname === "/token") {
      asked.push(url.searchParams.getAll("scope"));
      return Response.json({ token: "t" });
    }
    if (request.headers.get("Authorization") === "Bearer t") return new Response(null, { status: 200 });
    const challenge = `Bearer realm="http://${url.host}/token",service="s",scope="repository:app:pull"`;
    return new Response("{}", { status: 401, headers: { "WWW-Authenticate": challenge } });
  });
  const destination = destinationAt(registry.host, ["other"]);
  await Promise.all([destination.hasBlob(digest, signal), destination.hasBlob(smallDigest, signal)]);
  expect(asked).toEqual([["repository:app:pull", "repository:app:pull,push", "repository:other:pull"]]);
});

test("a manifest that the registry stores under another digest is an error", async () => {
  const registry = serve(
    () =>
      new Response(null, {
        status: 201,
        headers: { "Docker-Content-Digest": digestOf(Buffer.from("other")) },
      }),
  );
  const manifest = { name: "1", digest: smallDigest, mediaType: "x/y", bytes: new Uint8Array(small) };
  await expect(destinationAt(registry.host).putManifest(manifest, signal)).rejects.toThrow(
    "the registry stored",
  );
});
