import { afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { parseReference } from "#oci/reference.ts";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { selfSigned } from "#test/support/certificate.ts";
import { plainRegistry } from "#test/support/registry-options.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { openRepository } from "./open-repository.ts";

// A proxy connects all host names to servers of the test.
const signal = new AbortController().signal;
const manifest = Buffer.from('{"schemaVersion":2}');
const me: RegistryCredentials = { username: "me", password: "secret" };

interface Received {
  host: string;
  path: string;
  method: string;
  authorization: string | null;
  body: string;
}
type Answer = (received: Received) => Response | undefined;

let directory: TemporaryDirectory;
let certificate: { cert: string; key: string };
let closing: (() => Promise<unknown> | unknown)[];
let received: Received[];

beforeAll(() => {
  certificate = selfSigned(
    "registry.test",
    "*.registry.test",
    "elsewhere.example",
    "plain.test",
    "localhost",
  );
});
beforeEach(() => {
  directory = temporaryDirectory("reach");
  closing = [];
  received = [];
});
afterEach(async () => {
  for (const close of closing) await close();
  directory[Symbol.dispose]();
});

const documentAnswer: Answer = () => new Response(manifest, { headers: { "Content-Type": "x/y" } });
const basicOnly: Answer = ({ authorization }) =>
  authorization === `Basic ${btoa("me:secret")}`
    ? documentAnswer({} as Received)
    : challenge('Basic realm="x"');
const challenge = (text: string) =>
  new Response("{}", { status: 401, headers: { "WWW-Authenticate": text } });

function serve(answer: Answer, tls: boolean): number {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    ...(tls ? { tls: certificate } : {}),
    async fetch(request) {
      const url = new URL(request.url);
      const one = {
        host: request.headers.get("Host") ?? "",
        path: url.pathname + url.search,
        method: request.method,
        authorization: request.headers.get("Authorization"),
        body: await request.text(),
      };
      received.push(one);
      return answer(one) ?? new Response("{}", { status: 404 });
    },
  });
  closing.push(() => server.stop(true));
  return server.port ?? 0;
}

function listen(server: Server): Promise<number> {
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)),
  );
}

/** Starts an HTTP proxy that connects every host to the same ports; returns its URL and the request lines. */
async function startProxy(ports: { http: number; https: number }) {
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.on("error", () => {});
    client.once("data", (head) => {
      const line = head.toString().split("\r\n")[0] ?? "";
      lines.push(line);
      const tunnel = line.startsWith("CONNECT");
      const upstream = connect(tunnel ? ports.https : ports.http, "127.0.0.1", () => {
        if (tunnel) client.write("HTTP/1.1 200 OK\r\n\r\n");
        else upstream.write(head);
        client.pipe(upstream).pipe(client);
      });
      upstream.on("error", () => client.destroy());
    });
  });
  const port = await listen(server);
  closing.unshift(() => {
    for (const socket of sockets) socket.destroy();
  });
  return { url: `http://127.0.0.1:${port}`, lines };
}

async function trust(host: string): Promise<string[]> {
  const folder = `${directory.path}/certs.d`;
  await mkdir(`${folder}/${host}`, { recursive: true });
  await Bun.write(`${folder}/${host}/ca.crt`, certificate.cert);
  return [folder];
}

interface FetchOptions {
  credentials?: RegistryCredentials;
  insecure?: string[];
  certificates?: string[];
  tokenServers?: string[];
  environment?: Record<string, string>;
}

async function fetchFrom(name: string, { credentials, ...options }: FetchOptions = {}): Promise<Buffer> {
  const repository = openRepository(parseReference(name), credentials, { ...plainRegistry, ...options });
  return Buffer.from((await repository.fetchManifest("1", signal)).bytes);
}

const refusal = (attempt: Promise<unknown>) =>
  attempt.then(
    () => "not refused",
    (error) => String(error.message),
  );

describe("a registry with a host name", () => {
  test("with an untrusted certificate is refused with a remedy that works", async () => {
    const proxy = await startProxy({
      https: serve(documentAnswer, true),
      http: serve(documentAnswer, false),
    });
    const environment = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url };
    const message = await refusal(fetchFrom("registry.test/app", { environment }));
    expect(message).toContain("certs.d/registry.test/ca.crt");
    expect(received).toEqual([]);
    const certificates = await trust("registry.test");
    expect(await fetchFrom("registry.test/app", { environment, certificates })).toEqual(manifest);
    expect(new Set(proxy.lines)).toEqual(new Set(["CONNECT registry.test:443 HTTP/1.1"]));
  });

  test("that speaks only plain http is refused unless it is listed as insecure", async () => {
    const port = serve(documentAnswer, false);
    const proxy = await startProxy({ https: port, http: port });
    const environment = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url };
    expect(await refusal(fetchFrom("registry.test/app", { environment }))).toContain("no TLS connection");
    expect(received).toEqual([]);
    expect(await fetchFrom("registry.test/app", { environment, insecure: ["registry.test"] })).toEqual(
      manifest,
    );
  });

  test("that is listed as insecure needs no trusted certificate", async () => {
    const proxy = await startProxy({ https: serve(basicOnly, true), http: serve(documentAnswer, false) });
    const environment = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url };
    const options = { environment, insecure: ["registry.test"], credentials: me };
    expect(await fetchFrom("registry.test/app", options)).toEqual(manifest);
    expect(proxy.lines.some((line) => line.startsWith("GET"))).toBe(false);
  });
});

test("a registry on loopback may use TLS with any certificate", async () => {
  const port = serve(basicOnly, true);
  expect(await fetchFrom(`127.0.0.1:${port}/app`, { credentials: me })).toEqual(manifest);
});

test("a client certificate is sent only to its host", async () => {
  const options = { ...certificate, ca: certificate.cert, requestCert: true, rejectUnauthorized: true };
  const server = createTlsServer(options, (_, response) => response.end(manifest));
  const proxy = await startProxy({ https: await listen(server), http: 1 });
  closing.unshift(() => server.closeAllConnections());
  const environment = { HTTPS_PROXY: proxy.url };
  const certificates = await trust("registry.test");
  const attempt = () => fetchFrom("registry.test/app", { environment, certificates });
  expect(await refusal(attempt())).toContain("wants a certificate of the client");
  const folder = `${certificates[0]}/registry.test`;
  await Bun.write(`${folder}/client.cert`, certificate.cert);
  expect(await refusal(attempt())).toContain("the key client.key is missing");
  await Bun.write(`${folder}/client.key`, certificate.key);
  expect(await attempt()).toEqual(manifest);
});

describe("a SOCKS proxy", () => {
  const start = async (password: string, ports: { http: number; https: number }) => {
    const targets: string[] = [];
    const server = createServer((client) => void socks(client, password, ports, targets));
    const port = await listen(server);
    return { targets, port };
  };

  test("carries https and http with its password", async () => {
    const ports = { https: serve(documentAnswer, true), http: serve(documentAnswer, false) };
    const { targets, port } = await start("p w", ports);
    const environment = { ALL_PROXY: `socks5h://user:p%20w@127.0.0.1:${port}` };
    const certificates = await trust("registry.test");
    expect(await fetchFrom("registry.test/app", { environment, certificates })).toEqual(manifest);
    expect(targets).toEqual(["registry.test:443"]);
    const plain = { environment, insecure: ["plain.test:80"] };
    expect(await fetchFrom("plain.test:80/app", plain)).toEqual(manifest);
    expect(received.at(-1)?.path).toBe("/v2/app/manifests/1");
  });

  test("that refuses the password fails the pull", async () => {
    const ports = { https: serve(documentAnswer, true), http: serve(documentAnswer, false) };
    const { targets, port } = await start("right", ports);
    const environment = { HTTPS_PROXY: `socks5://user:wrong@127.0.0.1:${port}` };
    const certificates = await trust("registry.test");
    const attempt = fetchFrom("registry.test/app", { environment, certificates });
    expect(await refusal(attempt)).toContain("registry registry.test through a proxy");
    expect(targets).toEqual([]);
    expect(received).toEqual([]);
  });
});

describe("credentials", () => {
  const bearer =
    (realm: string): Answer =>
    (one) => {
      if (one.path.startsWith("/token")) {
        const known =
          one.authorization === `Basic ${btoa("me:secret")}` || one.body.includes("refresh_token=r+t");
        return known ? Response.json({ access_token: "t" }) : new Response("{}", { status: 401 });
      }
      if (one.authorization === "Bearer t") return documentAnswer(one);
      return challenge(`Bearer realm="${realm}",service="s"`);
    };
  const names = ["registry.test", "auth.registry.test", "registry.test:444", "elsewhere.example"];

  async function attempt(realm: string, options: FetchOptions = {}): Promise<string> {
    const port = serve(bearer(realm), true);
    const proxy = await startProxy({ https: port, http: serve(bearer(realm), false) });
    const environment = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url };
    const [certificates] = await Promise.all(names.map(trust));
    const used = { credentials: me, environment, certificates: certificates ?? [], ...options };
    return fetchFrom("registry.test/app", used).then(
      () => "works",
      (error) => String(error.message),
    );
  }
  const leaked = () =>
    received.some(({ authorization, body }) => authorization?.startsWith("Basic") || body !== "");

  test.each([
    ["https://registry.test/token", "works"],
    ["https://registry.test:444/token", "works"],
    ["https://auth.registry.test/token", "works"],
    ["https://elsewhere.example/token", "token-servers"],
    ["http://registry.test/token", "unauthorized"],
    ["http://auth.registry.test/token", "unauthorized"],
    ["http://127.0.0.1:1/token", "address of this machine"],
    ["https://169.254.169.254/token", "address of this machine"],
    ["http://[::1]/token", "address of this machine"],
    ["file:///token", "no usable token server"],
    ["unix:/token", "no usable token server"],
  ])("for a registry with the token server %s: %s", async (realm, outcome) => {
    expect(await attempt(realm)).toContain(outcome);
    expect(leaked()).toBe(outcome === "works");
  });

  test("are sent to a listed token server in another domain", async () => {
    expect(await attempt("https://elsewhere.example/token", { tokenServers: ["elsewhere.example"] })).toBe(
      "works",
    );
  });

  test.each([
    ["https://registry.test/token", "works"],
    ["https://elsewhere.example/token", "unauthorized"],
  ])("with a refresh token are exchanged at %s: %s", async (realm, outcome) => {
    expect(await attempt(realm, { credentials: { identityToken: "r t" } })).toContain(outcome);
    expect(received.some(({ body }) => body.includes("r+t"))).toBe(outcome === "works");
  });

  test("with a registry token are sent unchanged", async () => {
    expect(await attempt("https://registry.test/token", { credentials: { registryToken: "t" } })).toBe(
      "works",
    );
    expect(received.map(({ path }) => path)).toEqual(["/v2/app/manifests/1"]);
  });
});

/** Serves the part of RFC 1928 and RFC 1929 that the test needs. */
async function socks(
  client: Socket,
  password: string,
  ports: { http: number; https: number },
  targets: string[],
): Promise<void> {
  client.on("error", () => {});
  const next = () => new Promise<Buffer>((resolve) => client.once("data", resolve));
  const greeting = await next();
  if (!greeting.includes(2, 2)) return void client.end(Buffer.from([5, 255]));
  client.write(Buffer.from([5, 2]));
  const login = await next();
  const given = login.subarray(3 + (login[1] ?? 0)).toString();
  if (given !== password) return void client.end(Buffer.from([1, 1]));
  client.write(Buffer.from([1, 0]));
  const request = await next();
  const host = request.subarray(5, 5 + (request[4] ?? 0)).toString();
  const port = request.readUInt16BE(5 + (request[4] ?? 0));
  targets.push(`${host}:${port}`);
  const upstream = connect(port === 443 ? ports.https : ports.http, "127.0.0.1", () => {
    client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
    client.pipe(upstream).pipe(client);
  });
  upstream.on("error", () => client.destroy());
}
