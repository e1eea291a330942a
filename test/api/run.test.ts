import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { encodeFrame } from "#api/streams/frame.ts";
import { frameType, type RunEvent } from "#api/streams/run-stream.ts";
import { type Connection, openConnection } from "#test/support/connection.ts";
import { type FakeApi, openFakeApi } from "./support/fake-api.ts";

let api: FakeApi;
beforeEach(async () => {
  api = await openFakeApi();
  api.engine.programs.cat = async ({ input, write }) => {
    for await (const bytes of input) await write("stdout", bytes);
    await write("stderr", "end");
    return 3;
  };
});
afterEach(() => api[Symbol.asyncDispose]());

const streams = { AttachStdout: true, AttachStderr: true };
const interactive = { ...streams, AttachStdin: true, OpenStdin: true, StdinOnce: true };

async function run(request: object, container: object, head = ""): Promise<Connection> {
  const body = JSON.stringify({
    pull: "never",
    detach: false,
    ...request,
    container: { Image: "image", Cmd: ["cat"], ...container },
  });
  const connection = await openConnection(api.socket);
  connection.write(
    `POST /tbox/run HTTP/1.1\r\nHost: tbox\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${head}\r\n${body}`,
  );
  return connection;
}

/** Decodes events and output, in order. */
function frames(bytes: Buffer): (RunEvent | [number, string])[] {
  const found: (RunEvent | [number, string])[] = [];
  let rest = bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
  while (rest.length > 0) {
    const end = 8 + rest.readUInt32BE(4);
    const text = rest.toString("utf8", 8, end);
    found.push(rest[0] === frameType.control ? JSON.parse(text) : [rest[0] ?? -1, text]);
    rest = rest.subarray(end);
  }
  return found;
}

const send = (connection: Connection, type: number, text: string) =>
  connection.writeBytes(encodeFrame(type, Buffer.from(text)));

describe("a run", () => {
  test("creates, starts and awaits a container over one connection", async () => {
    using connection = await run({ name: "r" }, { ...interactive, HostConfig: { AutoRemove: true } });
    await connection.until("started");
    send(connection, frameType.stdin, "hello");
    await connection.until("hello");
    send(connection, frameType.control, '{"control":"resize","columns":80,"rows":24}');
    send(connection, frameType.control, '{"control":"signal","signal":"INT"}');
    send(connection, frameType.stdin, "");
    expect(frames(await connection.ended)).toEqual([
      { event: "created", id: expect.any(String), warnings: [] },
      { event: "started" },
      [1, "hello"],
      [2, "end"],
      { event: "exited", code: 3 },
    ]);
    expect(api.engine.calls).toEqual(
      ["create", "attach", "wait removed", "start", "detached", "resize 80x24", "kill INT"].toSorted(
        (a, b) => api.engine.calls.indexOf(a) - api.engine.calls.indexOf(b),
      ),
    );
  });

  test("without AutoRemove waits for the next exit", async () => {
    using connection = await run({}, streams);
    await connection.ended;
    expect(api.engine.calls).toContain("wait next-exit");
  });

  test("without attached streams still waits for the exit", async () => {
    using connection = await run({}, {});
    expect(frames(await connection.ended).map((event) => ("event" in event ? event.event : event))).toEqual([
      "created",
      "started",
      "exited",
    ]);
    expect(api.engine.calls).not.toContain("attach");
  });

  test("in the background ends after the start", async () => {
    using connection = await run({ detach: true }, {});
    expect(frames(await connection.ended).map((event) => ("event" in event ? event.event : event))).toEqual([
      "created",
      "started",
    ]);
    expect(api.engine.calls).toEqual(["create", "start"]);
  });

  test("reports a failed start with docker run's exit status and removes the container", async () => {
    using connection = await run({}, { ...streams, Cmd: ["/nope"], HostConfig: { AutoRemove: true } });
    expect(frames(await connection.ended)).toEqual([
      { event: "created", id: expect.any(String), warnings: [] },
      {
        event: "error",
        status: 400,
        code: "invalid-argument",
        message: "exec /nope: no such file or directory",
        exitCode: 127,
      },
    ]);
    expect(api.engine.calls).toContain("remove");
  });

  test("passes input in chunks of any size with back-pressure", async () => {
    let read = 0;
    api.engine.programs.count = async ({ input, write }) => {
      for await (const bytes of input) {
        read += bytes.length;
        await Bun.sleep(0);
      }
      await write("stdout", `${read}`);
      return 0;
    };
    using connection = await run({}, { ...interactive, Cmd: ["count"] });
    await connection.until("started");
    const input = "i".repeat(3_000_000);
    send(connection, frameType.stdin, input);
    send(connection, frameType.stdin, "");
    await connection.until("3000000");
  });
});

describe("a run of a missing image", () => {
  test.each(["never", "missing"])("answers 404 (pull: %s)", async (pull) => {
    using connection = await run({ pull }, { Image: "gone:1" });
    const [event] = frames(await connection.ended);
    expect(event).toMatchObject({ event: "error", status: 404, exitCode: 125 });
  });

  test("pulls the image and continues", async () => {
    api.engine.pulls["new:1"] = async function* () {
      yield { status: "Downloading", id: "abc", current: 1, total: 2 };
      api.engine.present.add("new:1");
    };
    const auth = Buffer.from('{"username":"me","password":"x"}').toString("base64url");
    using connection = await run({ pull: "missing" }, { Image: "new:1" }, `X-Registry-Auth: ${auth}\r\n`);
    expect(frames(await connection.ended).map((event) => ("event" in event ? event.event : event))).toEqual([
      "progress",
      "created",
      "started",
      "exited",
    ]);
    using again = await run({ pull: "missing" }, { Image: "new:1" });
    await again.ended;
    expect(api.engine.calls.filter((call) => call.startsWith("pull"))).toHaveLength(1);
    using always = await run({ pull: "always" }, { Image: "new:1" });
    await always.ended;
    expect(api.engine.calls.filter((call) => call.startsWith("pull"))).toHaveLength(2);
  });

  test("cancels the pull when its client disconnects", async () => {
    const cancelled = Promise.withResolvers<void>();
    api.engine.pulls["slow:1"] = async function* (signal) {
      yield { status: "Downloading" };
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      cancelled.resolve();
      api.engine.present.add("slow:1");
    };
    const connection = await run({ pull: "missing" }, { Image: "slow:1", HostConfig: { AutoRemove: true } });
    await connection.until("Downloading");
    connection[Symbol.dispose]();
    await cancelled.promise;
    while (!api.engine.calls.includes("remove")) await Bun.sleep(1);
    expect(api.engine.calls).not.toContain("start");
  });
});

describe("a client of a run", () => {
  test("that disconnects leaves the container running", async () => {
    const connection = await run({}, interactive);
    await connection.until("started");
    connection[Symbol.dispose]();
    while (!api.engine.calls.includes("wait aborted")) await Bun.sleep(1);
    while (!api.engine.calls.includes("detached")) await Bun.sleep(1);
    expect(api.engine.calls).not.toContain("remove");
    expect(api.engine.calls).not.toContain("kill");
  });

  test.each([
    ["{", "invalid JSON"],
    ["{}", "pull: "],
    [
      '{"pull":"never","detach":false,"container":{"HostConfig":{"CpuCount":1}}}',
      "container.HostConfig.CpuCount: not supported: it is for Windows",
    ],
    ['{"pull":"never","detach":false,"container":{},"nope":1}', "nope"],
  ])("that requests %s is refused before the upgrade", async (body, message) => {
    using connection = await openConnection(api.socket);
    connection.write(
      `POST /tbox/run HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    const answer = (await connection.ended).toString();
    expect(answer).toMatch(/^HTTP\/1.1 (400|501) /);
    expect(answer).toContain(message);
  });

  test.each([
    ["a frame of an unknown type", encodeFrame(9, Buffer.from("x"))],
    ["a control frame that is no JSON", encodeFrame(frameType.control, Buffer.from("x"))],
    ["a control frame without end", Buffer.from([3, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff])],
  ])("that sends %s is disconnected", async (_, bytes) => {
    using connection = await run({}, interactive);
    await connection.until("started");
    connection.writeBytes(bytes);
    await connection.ended;
  });

  test("that does not read blocks the program", async () => {
    let written = 0;
    api.engine.programs.yes = async ({ write }) => {
      const bytes = Buffer.alloc(64 * 1024, "y");
      for (let left = 512; left > 0; left--) {
        await write("stdout", bytes);
        written += bytes.length;
      }
      return 0;
    };
    using connection = await run({}, { ...streams, Cmd: ["yes"] });
    await connection.until("started");
    connection.pause();
    for (let last = -1; last !== written || written === 0; ) {
      last = written;
      await Bun.sleep(100);
    }
    expect(written).toBeLessThan(8 * 1024 * 1024);
    connection.resume();
    expect((await connection.ended).includes('"exited"')).toBe(true);
  });
});
