import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { exchange, openConnection } from "#test/support/connection.ts";
import { type FakeApi, openFakeApi } from "./support/fake-api.ts";

const updateRefusal = "volume update only valid for cluster volumes, but swarm is unavailable";
const defaultLink = "Conflict, cannot remove the default link name of the container";
let api: FakeApi;
beforeAll(async () => {
  api = await openFakeApi();
  await api.engine.containers.lifecycle.create({ Image: "image", Cmd: ["true"] }, { name: "c" });
});
afterAll(() => api[Symbol.asyncDispose]());

const close = "Connection: close\r\n\r\n";

async function send(request: string): Promise<{ status: number; head: string; body: string }> {
  const [head = "", ...body] = (await exchange(api.socket, request)).split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), head, body: body.join("\r\n\r\n") };
}

test("OPTIONS gets an empty answer on every path", async () => {
  for (const path of ["/", "/v1.51/containers/json", "/nothing"]) {
    const { status, body } = await send(`OPTIONS ${path} HTTP/1.1\r\nHost: docker\r\n${close}`);
    expect({ path, status, body }).toEqual({ path, status: 200, body: "" });
  }
});

test("a body of another type than JSON is refused by its type", async () => {
  const body = '{"Cmd":null}';
  const head = `Host: docker\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}`;
  const answer = await send(`POST /containers/c/exec HTTP/1.1\r\n${head}\r\n${close}${body}`);
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.body)).toEqual({
    message: "unsupported Content-Type header (text/plain): must be 'application/json'",
  });
});

describe("the Host header decides nothing", () => {
  const routes = [
    "GET /_ping",
    "GET /containers/json",
    "GET /v1.51/containers/c/json",
    "GET /containers/secrets",
    "GET /images/json",
    "GET /images/image/json",
    "GET /version",
    "GET /commit",
    "GET /secrets",
    "GET /nothing/here",
    "DELETE /containers/none",
    "POST /containers/none/wait",
    "POST /containers/none/attach",
    "POST /images/create?fromImage=none&tag=1",
  ];
  const hosts = [
    "a",
    "ab",
    "abc",
    "docker",
    "localhost",
    "api.moby.localhost",
    "",
    "/var/run/docker.sock",
    "a b",
    "[::1]:80",
  ];

  test.each(routes)("%s", async (route) => {
    const [method, path] = route.split(" ");
    const withoutTimes = ({ status, body }: { status: number; body: string }) => ({ status, body });
    const wanted = withoutTimes(await send(`${route} HTTP/1.1\r\nHost: docker\r\n${close}`));
    for (const host of hosts) {
      const got = withoutTimes(await send(`${route} HTTP/1.1\r\nHost: ${host}\r\n${close}`));
      expect({ host, ...got }).toEqual({ host, ...wanted });
    }
    const absolute = await send(`${method} http://else.where${path} HTTP/1.1\r\nHost: x\r\n${close}`);
    expect(withoutTimes(absolute)).toEqual(wanted);
    const two = await send(`${route} HTTP/1.1\r\nHost: docker\r\nHost: docker\r\n${close}`);
    expect(two.status).toBe(400);
  });
});

describe("framing", () => {
  const chunked = "Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n";
  test.each([
    ["a length and chunks", `Content-Length: 5\r\n${chunked}\r\n0\r\n\r\n`],
    ["two lengths", "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"],
    ["a length that is no number", "Content-Length: x\r\n\r\n"],
    ["a length with a sign", "Content-Length: +2\r\n\r\n{}"],
    ["a length beyond all numbers", "Content-Length: 99999999999999999999999\r\n\r\n"],
    ["a chunk whose length is no number", `${chunked}\r\nxyz\r\n{}\r\n0\r\n\r\n`],
    ["a chunk with a wrong end", `${chunked}\r\n2\r\n{}XX0\r\n\r\n`],
    ["two codings", "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"],
    ["a header without a name", ": x\r\n\r\n"],
    ["a header with a space in its name", "Content Length: 2\r\n\r\n{}"],
  ])("%s is a single refused request", async (_, rest) => {
    const before = api.engine.calls.length;
    const request = `POST /containers/create HTTP/1.1\r\nHost: d\r\n${rest}`;
    const smuggled =
      "POST /containers/c/kill?signal=SMUGGLED HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n";
    using connection = await openConnection(api.socket);
    connection.write(request + smuggled);
    connection.endWriting();
    const answer = (await connection.ended).toString();
    expect(answer === "" ? 400 : Number(answer.split(" ")[1])).toBeGreaterThanOrEqual(400);
    expect(api.engine.calls.slice(before)).not.toContain("kill SMUGGLED");
  });

  test("pipelined requests are answered in order", async () => {
    const get = (path: string, rest = "\r\n") => `GET ${path} HTTP/1.1\r\nHost: d\r\n${rest}`;
    const { body } = await send(get("/_ping") + get("/containers/none/json") + get("/_ping", close));
    expect(body.match(/HTTP\/1.1 \d+/g)).toEqual(["HTTP/1.1 404", "HTTP/1.1 200"]);
  });

  test("headers of 200 kB are accepted", async () => {
    const { status } = await send(
      `GET /_ping HTTP/1.1\r\nHost: d\r\nX-Big: ${"x".repeat(200_000)}\r\n${close}`,
    );
    expect(status).toBe(200);
  });

  test("a client with an unread body still gets its answer", async () => {
    const response = await api.request("POST", "/nothing", { body: new Uint8Array(5_000_000) });
    expect(response.status).toBe(404);
    expect((await api.request("GET", "/_ping")).status).toBe(200);
  });

  test("a client with Expect: 100-continue is told to continue", async () => {
    using connection = await openConnection(api.socket);
    connection.write(
      `POST /containers/create HTTP/1.1\r\nHost: d\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 17\r\n${close}`,
    );
    await connection.until("100 Continue");
    connection.write('{"Image":"image"}');
    expect((await connection.ended).toString()).toContain("201 Created");
  });
});

describe("versions", () => {
  test.each(["", "/v1.24", "/v1.41", "/v1.51"])("'%s' is supported", async (version) => {
    const response = await api.request("GET", `${version}/_ping`);
    expect(response.status).toBe(200);
    expect(response.headers.get("Api-Version")).toBe("1.51");
  });

  test.each([
    [
      "/v1.23",
      "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version",
    ],
    [
      "/v0.9",
      "client version 0.9 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version",
    ],
    ["/v1.52", "client version 1.52 is too new. Maximum supported API version is 1.51"],
    ["/v2.0", "client version 2.0 is too new. Maximum supported API version is 1.51"],
  ])("%s is refused with Docker's message", async (version, message) => {
    const response = await api.request("GET", `${version}/_ping`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(message);
  });

  test("ping returns the headers for version negotiation", async () => {
    const head = await api.request("HEAD", "/_ping");
    expect(head.status).toBe(200);
    expect(await head.text()).toBe("");
    expect(Object.fromEntries(head.headers)).toMatchObject({
      "api-version": "1.51",
      "builder-version": "1",
      "cache-control": "no-cache, no-store, must-revalidate",
      "docker-experimental": "false",
      ostype: "linux",
      swarm: "inactive",
    });
    expect(await (await api.request("GET", "/_ping")).text()).toBe("OK");
  });
});

const amd64 = `platform=${encodeURIComponent('{"os":"linux","architecture":"amd64"}')}`;

describe("answers", () => {
  test("a client of a version before 1.24 gets the error as text", async () => {
    const response = await api.request("GET", "/v1.23/version");
    expect(response.status).toBe(400);
    expect(response.headers.get("Content-Type")).toStartWith("text/plain");
    expect(await response.text()).toStartWith(
      "client version 1.23 is too old. Minimum supported API version is 1.24",
    );
  });

  test("a client of version 1.22 can read and write archives of images", async () => {
    const [read, one, written, other] = [
      await api.request("GET", "/v1.22/images/get?names=none"),
      await api.request("GET", "/v1.22/images/a/b/get"),
      await fetch("http://d/v1.22/images/load?quiet=1", { unix: api.socket, method: "POST" }),
      await api.request("GET", "/v1.22/images/json"),
    ];
    const tooOld = "client version 1.22 is too old";
    for (const response of [read, one, written]) expect(await response.text()).not.toContain(tooOld);
    expect(await other.text()).toContain(tooOld);
  });

  test("errors have Docker's JSON and exact content type", async () => {
    const response = await api.request("GET", "/containers/none/json");
    expect(response.headers.get("Content-Type")).toBe("application/json");
    expect(await response.text()).toBe('{"message":"No such container: none"}\n');
    expect(response.status).toBe(404);
  });

  test.each([
    ["GET", "/nothing/here", 404, "page not found"],
    ["PATCH", "/containers/json", 404, "page not found"],
    ["POST", "/grpc", 400, "no upgrade proto in request"],
    ["POST", "/session", 400, "no upgrade proto in request"],
    ["GET", "/images/image/nothing", 404, "page not found"],
    ["POST", "/build", 400, "the request has no body: a tar of the build context is missing"],
    ["POST", "/build?remote=x&buildargs=nope", 400, "buildargs: Invalid input: expected object"],
    ["POST", "/images/a/b/push?platform=linux", 400, 'platform: expected {"os":…,"architecture":…} as JSON'],
    ["GET", "/images/get", 400, "names: no image is named"],
    ["GET", "/images/search?term=x&limit=101", 400, "limit 101 is outside the range of [1, 100]"],
    ["GET", "/networks/nope", 404, "network nope not found"],
    ["GET", "/volumes/v", 404, "get v: no such volume"],
    ["PUT", "/volumes/v?version=1", 503, updateRefusal],
    ["GET", "/plugins/p/json", 404, 'plugin "p" not found'],
    ["POST", "/containers/c/start?checkpoint=x", 501, "checkpoint: not supported"],
    ["GET", "/containers/json?limit=x", 400, "limit: Invalid input: expected an integer"],
    ["GET", "/containers/json?filters=[", 400, "filters: invalid filter"],
    ["POST", "/containers/c/wait?condition=x", 400, 'condition: invalid condition: "x"'],
    ["GET", "/containers/c/logs", 400, "Bad parameters: you must choose at least one stream"],
    ["DELETE", "/containers/c?link=1", 409, `${defaultLink}: c`],
    ["DELETE", "/containers/nosuch?link=1", 404, "No such container: nosuch"],
    ["POST", "/containers/nosuch/kill", 404, "cannot kill container: nosuch: No such container: nosuch"],
    ["DELETE", "/containers/c/alias", 404, "No such container: c/alias"],
    ["GET", `/images/get?names=x&${amd64}&${amd64}`, 400, "multiple platform parameters not supported"],
    ["GET", `/images/x/get?${amd64}&${amd64}`, 400, "multiple platform parameters not supported"],
    ["DELETE", "/images/image?platforms=x", 400, 'expected {"os":…,"architecture":…} as JSON'],
  ])("%s %s: %d", async (method, path, status, message) => {
    const response = await api.request(method, path);
    const text = await response.text();
    expect({ status: response.status, text }).toEqual({
      status,
      text: `${JSON.stringify({ message })}\n`,
    });
  });

  test("swarm requests are refused as on a node outside a swarm", async () => {
    for (const path of ["/swarm", "/nodes", "/services/x", "/secrets"]) {
      const response = await api.request("GET", path);
      expect(response.status).toBe(503);
      expect(await response.text()).toContain("This node is not a swarm manager");
    }
    expect(await (await api.request("GET", "/plugins")).json()).toEqual([]);
  });

  test("a shutdown is answered before the daemon ends", async () => {
    for (let round = 0; round < 20; round++) {
      const other = await openFakeApi();
      const answer = other.request("POST", "/tbox/shutdown");
      await other.shutdown;
      await other[Symbol.asyncDispose]();
      expect(await (await answer).json()).toMatchObject({ Pid: process.pid, Systemd: false });
    }
  });
});

test.each([
  ["{}", 204],
  ["null", 304],
  ['{"a":1}', 304],
  ['{"ab":1}', 400],
])("a start with the body %s is answered with %d", async (body, status) => {
  api.engine.programs.stay = () => new Promise(() => {});
  await api.request("POST", "/containers/create?name=bodies", { json: { Image: "image", Cmd: ["stay"] } });
  const headers = { "Content-Type": "application/json" };
  const response = await api.request("POST", "/containers/bodies/start", { body, headers });
  expect(response.status).toBe(status);
});

describe("a client that closes its side after the request", () => {
  const ask = async (request: string) => {
    using connection = await openConnection(api.socket);
    connection.write(`${request} HTTP/1.1\r\nHost: d\r\n\r\n`);
    connection.endWriting();
    return (await connection.ended).toString();
  };

  test("gets an answer that comes later", async () => {
    api.engine.programs.wait = () => new Promise((resolve) => setTimeout(() => resolve(3), 200));
    await api.request("POST", "/containers/create?name=half", { json: { Image: "image", Cmd: ["wait"] } });
    await api.request("POST", "/containers/half/start");
    expect(await ask("POST /containers/half/wait")).toContain('{"StatusCode":3}');
  });

  test("gets all of a stream", async () => {
    const until = (Date.now() + 200) / 1000;
    expect(await ask(`GET /events?until=${until}`)).toEndWith("\r\n0\r\n\r\n");
  });
});

describe("requests that Docker accepts", () => {
  test.each<[string, string, number]>([
    ["POST", "/volumes/create", 201],
    ["POST", "/build/cancel?id=x", 200],
    ["GET", "//v1.51/info", 200],
    ["GET", "/images/json?manifests=1", 200],
    ["GET", "/images/image/json?manifests=1", 200],
    [
      "GET",
      `/images/image/json?platform=${encodeURIComponent('{"os":"linux","architecture":"amd64"}')}`,
      200,
    ],
    ["GET", "///info", 200],
  ])("%s %s", async (method, path, status) => {
    const { status: actual } = await send(
      `${method} ${path} HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n${close}`,
    );
    expect(actual).toBe(status);
  });

  test("POST /networks/create with a slash in the name, and a subnet of two addresses", async () => {
    const json = { Name: "a/b", IPAM: { Config: [{ Subnet: "10.231.9.0/31" }] } };
    expect((await api.request("POST", "/networks/create", { json })).status).toBe(201);
    expect((await api.request("GET", "/networks/a%2Fb")).status).toBe(200);
  });

  test("POST /volumes/create with an unknown driver is answered as by Docker", async () => {
    const response = await api.request("POST", "/volumes/create", { json: { Name: "v", Driver: "nfs" } });
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      message:
        'create v: error looking up volume plugin nfs: plugin "nfs" not found: there is only the driver local',
    });
  });

  test("POST /volumes/create of an existing volume with other options", async () => {
    const first = { Name: "existing", Labels: { a: "b" } };
    await api.request("POST", "/volumes/create", { json: first });
    const DriverOpts = { type: "none", o: "bind", device: "/tmp" };
    const again = await api.request("POST", "/volumes/create", { json: { Name: "existing", DriverOpts } });
    expect(await again.json()).toMatchObject({ ...first, Options: null });
  });
});

describe("names", () => {
  const hostile = [
    "..",
    "../x",
    "a/../b",
    "%2e%2e",
    "%2e%2e%2fx",
    "a%00b",
    "%00",
    ".",
    "x".repeat(10_000),
    "%zz",
    "a%0ab",
  ];
  test.each(hostile)("%s does not reach the store", async (name) => {
    const before = api.engine.calls.length;
    const attempts = [
      ["GET", `/containers/${name}/json`],
      ["POST", `/containers/${name}/start`],
      ["POST", `/containers/${name}/wait`],
      ["POST", `/containers/${name}/attach?stdout=1&stream=1`],
      ["GET", `/containers/${name}/logs?stdout=1`],
      ["DELETE", `/containers/${name}?force=1`],
      ["GET", `/images/${name}/json`],
      ["DELETE", `/images/${name}`],
    ];
    for (const [method, path] of attempts) {
      const { status } = await send(`${method} ${path} HTTP/1.1\r\nHost: d\r\n${close}`);
      expect({ method, path, refused: status === 400 || status === 404 }).toMatchObject({ refused: true });
    }
    expect(api.engine.calls.slice(before)).toEqual([]);
  });

  test.each(["__proto__", "constructor", "toString", "-x", "hasOwnProperty"])(
    "%s is an ordinary name",
    async (name) => {
      const response = await api.request("GET", `/containers/${name}/json`);
      expect(await response.json()).toEqual({ message: `No such container: ${name}` });
      const unknown = await api.request("GET", `/containers/json?${name}=1`);
      expect(await unknown.json()).toBeArray();
      expect(
        await (await api.request("GET", `/containers/json?filters={"${name}":["a"]}`)).json(),
      ).toBeArray();
      expect(api.engine.calls.at(-1)).toContain(name);
    },
  );

  test("of images may contain slashes, ports and digests, escaped or not", async () => {
    for (const name of ["a/b/c", "127.0.0.1:5000/x/y:1", `a@sha256:${"0".repeat(64)}`]) {
      await api.request("DELETE", `/images/${name}`);
      expect(api.engine.calls.at(-1)).toBe(`rmi ${name}`);
      await api.request("DELETE", `/images/${encodeURIComponent(name)}`);
      expect(api.engine.calls.at(-1)).toBe(`rmi ${name}`);
    }
  });
});
