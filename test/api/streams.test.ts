import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { encodeFrame } from "#api/streams/frame.ts";
import { type Connection, openConnection } from "#test/support/connection.ts";
import { type FakeApi, openFakeApi } from "./support/fake-api.ts";
import type { Terminal } from "./support/fake-state.ts";

let api: FakeApi;
beforeEach(async () => {
  api = await openFakeApi();
});
afterEach(() => api[Symbol.asyncDispose]());

async function cat({ input, write }: Terminal): Promise<number> {
  let count = 0;
  for await (const bytes of input) {
    count += bytes.length;
    await write("stdout", bytes);
  }
  await write("stderr", `${count}`);
  return 3;
}

const create = (name: string, config: object) =>
  api.request("POST", `/containers/create?name=${name}`, { json: { Image: "image", ...config } });
const start = (name: string) => api.request("POST", `/containers/${name}/start`);

async function attach(target: string, head = "Connection: Upgrade\r\nUpgrade: tcp\r\n"): Promise<Connection> {
  const connection = await openConnection(api.socket);
  connection.write(`POST ${target} HTTP/1.1\r\nHost: d\r\n${head}\r\n`);
  return connection;
}

/** Returns the bytes after the head. */
function stream(bytes: Buffer): string {
  return bytes.subarray(bytes.indexOf("\r\n\r\n") + 4).toString();
}

const frame = (type: number, text: string) => Buffer.from(encodeFrame(type, Buffer.from(text))).toString();

describe("attach", () => {
  const all = "stdin=1&stdout=1&stderr=1&stream=1";
  beforeEach(() => {
    api.engine.programs.cat = cat;
  });

  test("carries frames in both directions until both sides have ended", async () => {
    await create("c", { Cmd: ["cat"], OpenStdin: true });
    using connection = await attach(`/v1.51/containers/c/attach?${all}`);
    const head = (await connection.until("\r\n\r\n")).toString();
    expect(head).toBe(
      "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n" +
        "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
    );
    await start("c");
    connection.write("abc");
    await connection.until("abc");
    connection.endWriting();
    expect(stream(await connection.ended)).toBe(frame(1, "abc") + frame(2, "3"));
  });

  test("is upgraded for a client that sends only the header Upgrade", async () => {
    await create("c", { Cmd: ["cat"], OpenStdin: true });
    using connection = await attach(`/v1.51/containers/c/attach?${all}`, "Upgrade: tcp\r\n");
    const head = (await connection.until("\r\n\r\n")).toString();
    expect(head).toStartWith("HTTP/1.1 101 UPGRADED\r\n");
    expect(head).toContain("application/vnd.docker.multiplexed-stream");
    await start("c");
    connection.write("abc");
    await connection.until("abc");
    connection.endWriting();
    expect(stream(await connection.ended)).toBe(frame(1, "abc") + frame(2, "3"));
  });

  test("carries raw bytes in WebSocket messages", async () => {
    await create("c", { Cmd: ["cat"], OpenStdin: true });
    const client = new WebSocket(`ws+unix://${api.socket}:/v1.51/containers/c/attach/ws?${all}`);
    client.binaryType = "nodebuffer";
    let received = "";
    const echoed = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    client.onmessage = ({ data }) => {
      received += String(data);
      if (received.includes("end")) echoed.resolve();
    };
    client.onclose = () => closed.resolve();
    await new Promise((resolve) => {
      client.onopen = resolve;
    });
    await start("c");
    client.send("text, ");
    client.send(Buffer.from("bytes, end"));
    await echoed.promise;
    expect(received).toBe("text, bytes, end");
    client.close();
    await closed.promise;
  });

  test("by WebSocket refuses a request without an upgrade, and reports errors before the upgrade", async () => {
    await create("c", { Cmd: ["cat"] });
    const plain = await api.request("GET", "/containers/c/attach/ws?stream=1");
    expect({ status: plain.status, text: await plain.text() }).toMatchObject({
      status: 400,
      text: expect.stringContaining("Upgrade: websocket"),
    });
    using connection = await openConnection(api.socket);
    connection.write(
      "GET /containers/nobody/attach/ws HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    );
    expect((await connection.ended).toString()).toStartWith("HTTP/1.1 404 Not Found");
  });

  test("reads input after the request until the client ends its side", async () => {
    await create("c", { Cmd: ["cat"], OpenStdin: true });
    using connection = await openConnection(api.socket);
    const head = "Host: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n";
    connection.write(`POST /containers/c/attach?${all} HTTP/1.1\r\n${head}\r\nearly`);
    connection.endWriting();
    await connection.until("\r\n\r\n");
    await start("c");
    expect(stream(await connection.ended)).toBe(frame(1, "early") + frame(2, "5"));
  });

  test("continues when a client without input ends its side at once", async () => {
    api.engine.programs.late = async ({ write }) => {
      await write("stdout", "late");
      return 0;
    };
    await create("c", { Cmd: ["late"] });
    using connection = await attach("/containers/c/attach?stdout=1&stderr=1&stream=1");
    connection.endWriting();
    await connection.until("\r\n\r\n");
    await start("c");
    expect(stream(await connection.ended)).toBe(frame(1, "late"));
  });

  test.each([
    ["/v1.51", false, "multiplexed"],
    ["/v1.42", false, "multiplexed"],
    ["/v1.41", false, "raw"],
    ["/v1.51", true, "raw"],
  ])("of API version %s with terminal %p has a %s stream", async (version, Tty, type) => {
    await create("c", { Cmd: ["cat"], Tty });
    using connection = await attach(`${version}/containers/c/attach?stdout=1&stream=1`);
    const head = (await connection.until("\r\n\r\n")).toString();
    expect(head).toContain(`Content-Type: application/vnd.docker.${type}-stream\r\n`);
  });

  test("without an upgrade answers with raw bytes", async () => {
    await create("c", { Cmd: ["cat"], OpenStdin: true });
    using connection = await attach(`/containers/c/attach?${all}`, "Transfer-Encoding: chunked\r\n");
    const head = (await connection.until("\r\n\r\n")).toString();
    expect(head).toStartWith("HTTP/1.1 200 OK\r\n");
    expect(head).toContain("application/vnd.docker.raw-stream");
    expect(head.toLowerCase()).not.toMatch(/content-length|transfer-encoding/);
    await start("c");
    connection.write("3\r\nabc\r\n0\r\n\r\n");
    expect(stream(await connection.ended)).toBe(frame(1, "abc") + frame(2, "3"));
  });

  test("without an upgrade and a body leaves the program's input open", async () => {
    await create("c", { Cmd: ["cat"], OpenStdin: true });
    using connection = await attach(`/containers/c/attach?${all}`, "Content-Length: 0\r\n");
    await connection.until("\r\n\r\n");
    await start("c");
    expect(api.engine.containers.queries.get("c").state.status).toBe("running");
  });

  test.each(["Connection: Upgrade\r\nUpgrade: tcp\r\n", "Upgrade: tcp\r\n", "Connection: close\r\n"])(
    "to a missing container answers with the error as text, as Docker does (%j)",
    async (head) => {
      using connection = await attach(`/containers/none/attach?${all}`, head);
      const answer = (await connection.ended).toString();
      expect(answer).toStartWith("HTTP/1.1 404 Not Found\r\n");
      expect(answer).toMatch(/^content-type: application\/vnd\.docker\.raw-stream\r$/im);
      expect(answer).toEndWith("\r\n\r\nNo such container: none\r\n");
    },
  );

  test("ends when the start fails", async () => {
    await create("c", { Cmd: ["/nope"] });
    using connection = await attach("/containers/c/attach?stdout=1&stream=1");
    await connection.until("\r\n\r\n");
    const response = await start("c");
    expect(response.status).toBe(400);
    expect(stream(await connection.ended)).toBe("");
  });

  test("is closed when the client disconnects", async () => {
    await create("c", { Cmd: ["cat"], OpenStdin: true });
    const connection = await attach(`/containers/c/attach?${all}`);
    await connection.until("\r\n\r\n");
    await start("c");
    connection[Symbol.dispose]();
    while (!api.engine.calls.includes("detached")) await Bun.sleep(1);
  });

  test("blocks a program whose client does not read", async () => {
    let written = 0;
    api.engine.programs.yes = async ({ write }) => {
      const bytes = Buffer.alloc(64 * 1024, "y");
      while (written < 1024 * bytes.length) {
        await write("stdout", bytes);
        written += bytes.length;
      }
      return 0;
    };
    await create("c", { Cmd: ["yes"] });
    using connection = await attach("/containers/c/attach?stdout=1&stream=1");
    await connection.until("\r\n\r\n");
    connection.pause();
    await start("c");
    const size = await settled(() => written);
    expect(size).toBeLessThan(4 * 1024 * 1024);
    connection.resume();
    const end = (await connection.ended).length;
    expect(end).toBeGreaterThan(64 * 1024 * 1024);
  });

  test("ignores upgrades of other requests and to other protocols", async () => {
    using exec = await attach("/exec/e/start");
    expect((await exec.ended).toString()).toStartWith("HTTP/1.1 404 ");
    using other = await openConnection(api.socket);
    const tcp = "Connection: Upgrade, close\r\nUpgrade: tcp\r\n";
    other.write(`GET /v1.51/containers/json HTTP/1.1\r\nHost: d\r\n${tcp}\r\n`);
    expect((await other.until("[]")).toString()).toStartWith("HTTP/1.1 200 OK");
    const h2c = "Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n";
    using java = await openConnection(api.socket);
    java.write(`GET /_ping HTTP/1.1\r\nHost: d\r\n${h2c}\r\n`);
    expect((await java.until("OK")).toString()).toStartWith("HTTP/1.1 200 OK");
  });
});

/** Waits until a number stops growing. */
async function settled(read: () => number): Promise<number> {
  for (let last = -1; ; last = read()) {
    await Bun.sleep(100);
    if (read() === last && last > 0) return last;
  }
}

test("the names of headers are spelt as Docker spells them", async () => {
  using connection = await openConnection(api.socket);
  connection.write("GET /v1.51/containers/json HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n");
  const [head = ""] = (await connection.ended).toString().split("\r\n\r\n");
  expect(head).toContain("\r\nContent-Type: application/json\r\n");
  expect(head).toContain("\r\nContent-Length: ");
});

describe("wait", () => {
  test("sends its head at once and its body after the exit", async () => {
    const release = Promise.withResolvers<void>();
    api.engine.programs.sleep = async () => {
      await release.promise;
      return 7;
    };
    await create("c", { Cmd: ["sleep"] });
    using connection = await openConnection(api.socket);
    connection.write("POST /containers/c/wait?condition=next-exit HTTP/1.1\r\nHost: d\r\n\r\n");
    const head = (await connection.until("\r\n\r\n")).toString();
    expect(head).toStartWith("HTTP/1.1 200 OK\r\n");
    expect(head.toLowerCase()).toContain("transfer-encoding: chunked");
    await start("c");
    release.resolve();
    await connection.until('{"StatusCode":7}\n');
    expect(api.engine.calls).toContain("wait next-exit");
  });

  test("is cancelled when its client disconnects", async () => {
    await create("c", { Cmd: ["sleep"] });
    const connection = await openConnection(api.socket);
    connection.write("POST /containers/c/wait?condition=next-exit HTTP/1.1\r\nHost: d\r\n\r\n");
    await connection.until("\r\n\r\n");
    connection[Symbol.dispose]();
    while (!api.engine.calls.includes("wait aborted")) await Bun.sleep(1);
  });

  test("for a missing container answers 404", async () => {
    expect((await api.request("POST", "/containers/none/wait")).status).toBe(404);
  });
});

describe("logs", () => {
  const records = [
    { stream: "stdout", text: "a\n", time: "T1" },
    { stream: "stderr", text: "long", time: "T2" },
    { stream: "stderr", text: "er\n", time: "T3" },
  ] as const;
  beforeEach(() => {
    api.engine.logs.c = async function* () {
      yield* records;
    };
  });
  const logs = async (query: string) => {
    const response = await api.request("GET", `/containers/c/logs?stdout=1&stderr=1&${query}`);
    return { type: response.headers.get("Content-Type"), text: await response.text() };
  };

  test("are framed, with a time at the beginning of each line", async () => {
    await create("c", { Cmd: ["x"] });
    expect(await logs("")).toEqual({
      type: "application/vnd.docker.multiplexed-stream",
      text: frame(1, "a\n") + frame(2, "long") + frame(2, "er\n"),
    });
    expect((await logs("timestamps=true&tail=all&since=0")).text).toBe(
      frame(1, "T1 a\n") + frame(2, "T2 long") + frame(2, "er\n"),
    );
  });

  test("of a terminal are raw bytes", async () => {
    await create("c", { Cmd: ["x"], Tty: true });
    expect(await logs("")).toEqual({ type: "application/vnd.docker.raw-stream", text: "a\nlonger\n" });
  });

  test("accept times with nanoseconds", async () => {
    await create("c", { Cmd: ["x"] });
    const asked: unknown[] = [];
    const { streams } = api.engine.containers;
    const { logs: original } = streams;
    streams.logs = (name, { signal: _, ...options }) => {
      asked.push(options);
      return original(name, { signal: new AbortController().signal, ...options });
    };
    await logs("follow=True&since=1795573021.534&until=1795573022.000000001&tail=5");
    await logs("tail=-1");
    // Docker treats a text that is not a number as "all".
    await logs("tail=few");
    expect(asked).toEqual([
      {
        stdout: true,
        stderr: true,
        follow: true,
        since: 1795573021534000000n,
        until: 1795573022000000001n,
        tail: 5,
      },
      { stdout: true, stderr: true, follow: false },
      { stdout: true, stderr: true, follow: false },
    ]);
    await logs("tail=many");
    expect(asked.at(-1)).toEqual({ stdout: true, stderr: true, follow: false });
    expect((await api.request("GET", "/containers/c/logs?stdout=1&since=yesterday")).status).toBe(400);
  });

  test("are followed as they are written, until the client disconnects", async () => {
    const ended = Promise.withResolvers<void>();
    api.engine.logs.c = async function* (signal) {
      yield records[0];
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      ended.resolve();
    };
    await create("c", { Cmd: ["x"] });
    const client = new AbortController();
    const path = "/containers/c/logs?stdout=1&follow=1";
    const response = await api.request("GET", path, { signal: client.signal });
    const piece = await response.body?.getReader().read();
    expect(Buffer.from(piece?.value ?? []).toString()).toBe(frame(1, "a\n"));
    client.abort();
    await ended.promise;
  });

  test("are read completely and no faster than the client reads", async () => {
    const text = `${"x".repeat(1023)}\n`;
    let read = 0;
    api.engine.logs.c = async function* () {
      for (; read < 65536; read++) yield { stream: "stdout", text, time: "T" };
    };
    await create("c", { Cmd: ["x"], Tty: true });
    using connection = await openConnection(api.socket);
    connection.pause();
    connection.write("GET /containers/c/logs?stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n");
    expect(await settled(() => read)).toBeLessThan(4096);
    connection.resume();
    expect((await connection.ended).length).toBeGreaterThan(64 * 1024 * 1024);
  });
});
