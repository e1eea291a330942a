import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { digestOf } from "#oci/digest.ts";
import { parseReference } from "#oci/reference.ts";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { errorChain } from "#support/errors.ts";
import { plainRegistry } from "#test/support/registry-options.ts";
import { checkLogin } from "../access/check-login.ts";
import { openRepository } from "./open-repository.ts";
import type { Repository } from "./repository.ts";

type Answer = (request: Request, url: URL) => Response | undefined;

const signal = new AbortController().signal;
const manifest = Buffer.from('{"schemaVersion":2}');
const mediaType = "application/vnd.oci.image.manifest.v1+json";
const blob = { mediaType: "application/octet-stream", digest: digestOf(manifest), size: manifest.byteLength };
const me: RegistryCredentials = { username: "me", password: "se:cret" };

let servers: Bun.Server<undefined>[];
beforeEach(() => {
  servers = [];
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop(true)));
});

function serve(answer: Answer): { host: string; requests: Request[] } {
  const requests: Request[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      requests.push(request);
      return answer(request, new URL(request.url)) ?? new Response("{}", { status: 404 });
    },
  });
  servers.push(server);
  return { host: `127.0.0.1:${server.port}`, requests };
}

function repositoryAt(host: string, credentials?: RegistryCredentials): Repository {
  return openRepository(parseReference(`${host}/app`), credentials, plainRegistry);
}

const document = (headers: Record<string, string> = {}) =>
  new Response(manifest, { headers: { "Content-Type": mediaType, ...headers } });
const demand = (...challenges: string[]) =>
  new Response("{}", {
    status: 401,
    headers: challenges.map((challenge): [string, string] => ["WWW-Authenticate", challenge]),
  });

async function bytesOf(repository: Repository): Promise<Buffer> {
  const { bytes } = await repository.fetchBlob(blob, 0, signal);
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts);
}

describe("a redirect", () => {
  test("to another origin receives neither credentials nor cookies", async () => {
    const storage = serve(() => new Response(manifest));
    const registry = serve((request) =>
      request.headers.has("Authorization")
        ? new Response(null, {
            status: 307,
            headers: { Location: `http://${storage.host}/b`, "Set-Cookie": "a=b" },
          })
        : demand('Basic realm="x"'),
    );
    expect(await bytesOf(repositoryAt(registry.host, me))).toEqual(manifest);
    expect(storage.requests).toHaveLength(1);
    expect(storage.requests[0]?.headers.get("Authorization")).toBeNull();
    expect(storage.requests[0]?.headers.get("Cookie")).toBeNull();
  });

  test("is followed a limited number of times", async () => {
    const chain = (last: number) =>
      serve((_, { pathname }) => {
        const step = Number(/^\/(\d+)$/.exec(pathname)?.[1] ?? 0);
        return step === last
          ? new Response(manifest)
          : new Response(null, { status: 302, headers: { Location: `/${step + 1}` } });
      });
    expect(await bytesOf(repositoryAt(chain(3).host))).toEqual(manifest);
    const endless = chain(-1);
    expect(bytesOf(repositoryAt(endless.host))).rejects.toThrow("more than 5 redirects");
  });

  test.each(["file:///etc/passwd", "ftp://127.0.0.1/x"])("to %s is refused", (location) => {
    const registry = serve(() => new Response(null, { status: 302, headers: { Location: location } }));
    expect(bytesOf(repositoryAt(registry.host))).rejects.toThrow("redirect from http:");
  });
});

describe("authentication", () => {
  /** Serves a registry that requires a token; `reply` returns the answer of the token server. */
  function withTokens(reply: (count: number) => unknown, accepts: (token: string) => boolean = () => true) {
    let count = 0;
    const asked: { authorization: string | null; query: URLSearchParams }[] = [];
    const registry = serve((request, url) => {
      const authorization = request.headers.get("Authorization");
      if (url.pathname === "/token") {
        asked.push({ authorization, query: url.searchParams });
        return Response.json(reply(count++));
      }
      const token = /^Bearer (.+)$/.exec(authorization ?? "")?.[1];
      if (token !== undefined && accepts(token)) return document();
      const realm = `http://${url.host}/token`;
      return demand(`Basic realm="x", Bearer realm="${realm}",service="s",scope="repository:app:pull,push"`);
    });
    return { registry, asked };
  }

  test("prefers a token to a password and requests the challenge's scope", async () => {
    const { registry, asked } = withTokens(() => ({ token: "t" }));
    expect((await repositoryAt(registry.host, me).fetchManifest("1", signal)).bytes).toEqual(manifest);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.query.get("scope")).toBe("repository:app:pull,push");
    expect(asked[0]?.query.get("service")).toBe("s");
    expect(asked[0]?.authorization).toBe(`Basic ${Buffer.from("me:se:cret").toString("base64")}`);
  });

  test("reads a second header and lower-case schemes", async () => {
    const registry = serve((request, url) => {
      if (url.pathname === "/token") return Response.json({ access_token: "t" });
      if (request.headers.get("Authorization") === "Bearer t") return document();
      return demand("Negotiate", `bearer realm="http://${url.host}/token"`);
    });
    expect((await repositoryAt(registry.host).fetchManifest("1", signal)).bytes).toEqual(manifest);
  });

  test("uses the password if no token is offered", async () => {
    const registry = serve((request) =>
      request.headers.get("Authorization") === `Basic ${Buffer.from("me:se:cret").toString("base64")}`
        ? document()
        : demand('Basic realm="x"'),
    );
    expect((await repositoryAt(registry.host, me).fetchManifest("1", signal)).bytes).toEqual(manifest);
    expect(repositoryAt(registry.host).fetchManifest("1", signal)).rejects.toThrow("pull access denied for");
  });

  test.each([
    ["token", { token: "t" }],
    ["access_token", { access_token: "t" }],
    ["both", { token: "t", access_token: "u" }],
    ["a lifetime", { token: "t", expires_in: 300 }],
    ["an empty token beside access_token", { token: "", access_token: "t" }],
    ["null in place of absent fields", { token: null, access_token: "t", expires_in: null }],
  ])("accepts a reply with %s", async (_, reply) => {
    const { registry, asked } = withTokens(
      () => reply,
      (token) => token === "t",
    );
    const repository = repositoryAt(registry.host);
    await repository.fetchManifest("1", signal);
    await repository.fetchManifest("1", signal);
    expect(asked).toHaveLength(1);
  });

  test("renews an expired token", async () => {
    const { registry, asked } = withTokens((count) => ({ token: `t${count}`, expires_in: 0 }));
    const repository = repositoryAt(registry.host);
    await repository.fetchManifest("1", signal);
    await repository.fetchManifest("1", signal);
    expect(asked).toHaveLength(2);
  });

  test("fails if the new token is refused, too", async () => {
    const { registry, asked } = withTokens(
      () => ({ token: "t" }),
      () => false,
    );
    await expect(repositoryAt(registry.host).fetchManifest("1", signal)).rejects.toThrow(
      "pull access denied",
    );
    expect(asked).toHaveLength(1);
  });
});

describe("a resumed blob", () => {
  const part = (range: Record<string, string>) =>
    new Response(manifest.subarray(5), { status: 206, headers: range });

  test.each([
    ["no range", {}],
    ["another range", { "Content-Range": `bytes 0-4/${manifest.length}` }],
    ["a range without numbers", { "Content-Range": "bytes */*" }],
  ])("is requested as a whole after an answer with %s", async (_, range) => {
    const registry = serve((request) =>
      request.headers.has("Range") ? part(range as Record<string, string>) : new Response(manifest),
    );
    const { offset, bytes } = await repositoryAt(registry.host).fetchBlob(blob, 5, signal);
    expect(offset).toBe(0);
    expect(Buffer.concat(await Array.fromAsync(bytes))).toEqual(manifest);
    expect(registry.requests).toHaveLength(2);
  });

  test("continues at the requested offset", async () => {
    const range = { "Content-Range": `bytes 5-${manifest.length - 1}/${manifest.length}` };
    const registry = serve(() => part(range));
    expect((await repositoryAt(registry.host).fetchBlob(blob, 5, signal)).offset).toBe(5);
  });
});

describe("a connection that breaks", () => {
  test("is reported without advice for programmers", async () => {
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.end() },
    });
    const host = `127.0.0.1:${listener.port}`;
    const error = await checkLogin(host, me, { ...plainRegistry, patience: 500 }, signal).catch(errorChain);
    listener.stop(true);
    expect(error).toContain(`registry ${host}: `);
    expect(error).not.toContain("verbose");
  });
});

describe("an address", () => {
  test("with an impossible port is refused with the port", () => {
    expect(() => repositoryAt("127.0.0.1:99999")).toThrow(
      "registry 127.0.0.1:99999: port 99999 is above 65535",
    );
  });
});

describe("a busy registry", () => {
  test.each([
    ["seconds", () => ({ "Retry-After": "0" })],
    ["a date", () => ({ "Retry-After": new Date(Date.now() - 1000).toUTCString() })],
    ["nothing to go by", () => ({})],
  ])("is retried after %s", async (_, headers) => {
    let count = 0;
    const registry = serve(() =>
      count++ === 0
        ? new Response("retry-after: 985.86us", { status: 429, headers: headers() as Record<string, string> })
        : document(),
    );
    expect((await repositoryAt(registry.host).fetchManifest("1", signal)).bytes).toEqual(manifest);
    expect(registry.requests).toHaveLength(2);
  });

  test("is retried a limited number of times", async () => {
    const registry = serve(() => new Response("", { status: 429, headers: { "Retry-After": "0" } }));
    await expect(repositoryAt(registry.host).fetchManifest("1", signal)).rejects.toThrow(
      `registry ${registry.host} answered 429`,
    );
    expect(registry.requests.length).toBeLessThan(10);
  });
});

describe("a manifest", () => {
  test("without a digest header gets the digest of its bytes", async () => {
    const registry = serve(() => document());
    const found = await repositoryAt(registry.host).fetchManifest("1", signal);
    expect(found).toEqual({ bytes: Buffer.from(manifest), mediaType, digest: digestOf(manifest) });
  });

  test("that matches neither the requested nor the answered digest is refused", async () => {
    const other = digestOf(Buffer.from("other"));
    const registry = serve((_, { pathname }) =>
      document(pathname.endsWith("/1") ? { "Docker-Content-Digest": other } : {}),
    );
    const repository = repositoryAt(registry.host);
    for (const name of [other, "1"]) {
      expect(repository.fetchManifest(name, signal)).rejects.toThrow(
        `expected ${other}, its bytes have ${digestOf(manifest)}`,
      );
    }
  });

  test("without an end is read up to a limit", async () => {
    let sent = 0;
    const registry = serve(
      () =>
        new Response(
          new ReadableStream({
            pull(controller) {
              sent += 65_536;
              controller.enqueue(new Uint8Array(65_536));
            },
          }),
        ),
    );
    await expect(repositoryAt(registry.host).fetchManifest("1", signal)).rejects.toThrow("is longer than");
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });
});

describe("a mirror", () => {
  const empty = (request: Request) =>
    request.headers.has("Authorization") ? document() : new Response("{}", { status: 404 });

  test.each([
    ["that lacks the image", empty],
    ["that is broken", () => new Response("", { status: 400 })],
    ["that wants a password", () => demand('Basic realm="x"')],
  ])("%s is skipped and receives no password", async (_, answer) => {
    const registry = serve((request) =>
      request.headers.has("Authorization") ? document() : demand('Basic realm="x"'),
    );
    const mirror = serve(answer);
    const mirrors = { [registry.host]: [`http://${mirror.host}`] };
    const repository = openRepository(parseReference(`${registry.host}/app`), me, {
      ...plainRegistry,
      mirrors,
    });
    expect((await repository.fetchManifest("1", signal)).bytes).toEqual(manifest);
    expect(mirror.requests.some((request) => request.headers.has("Authorization"))).toBe(false);
    expect(mirror.requests.length).toBeGreaterThan(0);
  });

  test("that has the image is the only server that is used", async () => {
    const registry = serve(() => undefined);
    const mirror = serve(() => document());
    const mirrors = { [registry.host]: [`http://${mirror.host}`] };
    const repository = openRepository(parseReference(`${registry.host}/app`), me, {
      ...plainRegistry,
      mirrors,
    });
    expect((await repository.fetchManifest("1", signal)).bytes).toEqual(manifest);
    expect(registry.requests).toEqual([]);
  });
});
