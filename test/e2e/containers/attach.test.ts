import { afterEach, expect, test } from "bun:test";
import { type Connection, openConnection } from "#test/support/connection.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

const ctrlP = "\x10";
const ctrlQ = "\x11";

daemonSuite("an attached connection", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  afterEach(async () => {
    await daemon.tbox(["rm", "-f", "box"]);
  });

  const create = (config: object) =>
    daemon.request("POST", "/containers/create?name=box", {
      Image: "box:1",
      HostConfig: { NetworkMode: "none" },
      ...config,
    });
  const start = () => daemon.request("POST", "/containers/box/start");
  const field = async (template: string) =>
    (await daemon.tbox(["inspect", "-f", template, "box"])).stdout.trim();

  async function open(target: string, body?: object): Promise<Connection> {
    const connection = await openConnection(daemon.socket);
    const text = body === undefined ? "" : JSON.stringify(body);
    connection.write(
      `POST ${target} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
    );
    await connection.until("\r\n\r\n");
    return connection;
  }
  const attach = (query: string) => open(`/containers/box/attach?stream=1&${query}`);
  /** Returns the bytes after the response head, without frame headers. */
  const said = (bytes: Buffer) =>
    bytes
      .subarray(bytes.indexOf("\r\n\r\n") + 4)
      .toString()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: a frame's head
      .replace(/[\x01\x02]\0\0\0\0\0\0./gs, "");

  test.each([
    ["the usual keys", "", ctrlP + ctrlQ],
    ["keys of its own", "&detachKeys=ctrl-x", "\x18"],
  ])("detaches from a terminal by %s, and the program continues", async (_, query, keys) => {
    await create({ Cmd: ["cat"], Tty: true, OpenStdin: true });
    await start();
    using connection = await attach(`stdin=1&stdout=1${query}`);
    connection.write("typed\r");
    await connection.until("typed\r\ntyped\r\n");
    connection.write(`${keys}lost`);
    expect(said(await connection.ended)).not.toContain("lost");
    expect(await field("{{.State.Running}}")).toBe("true");
  });

  test("beyond the limit of clients is refused alone: the container runs on and can be stopped", async () => {
    await create({ Cmd: ["cat"], OpenStdin: true });
    await start();
    using connections = new DisposableStack();
    for (let number = 0; number < 256; number++) connections.use(await attach("stdin=1&stdout=1"));
    using refused = await attach("stdin=1&stdout=1");
    expect(said(await refused.ended)).toContain("256 clients are attached already");
    expect(await field("{{.State.Running}}")).toBe("true");
    expect((await daemon.request("POST", "/containers/box/stop?t=0")).status).toBe(204);
    expect(await field("{{.State.Status}} {{.State.ExitCode}}")).toBe("exited 137");
  });

  test("ignores detach keys without a terminal", async () => {
    await create({ Cmd: ["cat"], OpenStdin: true, StdinOnce: true });
    await start();
    using connection = await attach("stdin=1&stdout=1");
    connection.write(`${ctrlP}${ctrlQ}kept`);
    connection.endWriting();
    expect(said(await connection.ended)).toBe(`${ctrlP}${ctrlQ}kept`);
  });

  test("refuses invalid detach keys", async () => {
    await create({ Cmd: ["cat"], Tty: true, OpenStdin: true });
    const connection = await openConnection(daemon.socket);
    connection.write(
      "POST /containers/box/attach?stdin=1&stream=1&detachKeys=ctrl-%C3%A9 HTTP/1.1\r\nHost: d\r\n" +
        "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
    );
    expect((await connection.ended).toString()).toMatch(/^HTTP\/1\.1 400 .*invalid detach keys/s);
  });

  test("with logs=1 starts with the log, of running and stopped containers", async () => {
    await create({ Cmd: ["sh", "-c", "echo one; read x; echo $x"], OpenStdin: true });
    using early = await attach("logs=1&stdout=1");
    await start();
    await early.until("one\n");
    using late = await attach("logs=1&stdout=1&stdin=1");
    await late.until("one\n");
    late.write("two\n");
    expect(said(await early.ended)).toBe("one\ntwo\n");
    expect(said(await late.ended)).toBe("one\ntwo\n");
  });

  test("with logs=1 to a running container shows a prompt without a newline, and no output twice", async () => {
    await create({
      Cmd: ["sh", "-c", "echo one; printf 'name? '; read x; echo $x; sleep 1000"],
      OpenStdin: true,
    });
    using early = await attach("stdout=1");
    await start();
    await early.until("name? ");
    using late = await attach("logs=1&stdout=1&stdin=1");
    await late.until("name? ");
    late.write("two\n");
    await late.until("two\n");
    using last = await attach("logs=1&stdout=1");
    await last.until("two\n");
    await daemon.request("POST", "/containers/box/kill");
    expect(said(await late.ended)).toBe("one\nname? two\n");
    expect(said(await last.ended)).toBe("one\nname? two\n");
  });

  test("of an exec has the framing that its start requests", async () => {
    await create({ Cmd: ["sleep", "1000"] });
    await start();
    const run = async (Tty: boolean) => {
      const request = { Cmd: ["echo", "hi"], AttachStdout: true, Tty: true };
      const created = await daemon.request("POST", "/containers/box/exec", request);
      const { Id: id } = (await created.json()) as { Id: string };
      const connection = await open(`/exec/${id}/start`, { Tty });
      const bytes = await connection.ended;
      return bytes.subarray(bytes.indexOf("\r\n\r\n") + 4).toString("latin1");
    };
    expect(await run(true)).toBe("hi\r\n");
    expect(await run(false)).toBe("\x01\0\0\0\0\0\0\x04hi\r\n");
  });

  test("reports why an exec did not start", async () => {
    await create({ Cmd: ["sleep", "1000"] });
    await start();
    const request = { Cmd: ["true"], AttachStdout: true, user: "nobody-knows" };
    const created = await daemon.request("POST", "/containers/box/exec", request);
    const { Id: id } = (await created.json()) as { Id: string };
    using connection = await open(`/exec/${id}/start`, {});
    const bytes = await connection.ended;
    expect(bytes.toString()).toStartWith("HTTP/1.1 101 ");
    expect(said(bytes)).toContain("nobody-knows");
  });

  test("answers a kill when the program has ended", async () => {
    await create({ Cmd: ["sleep", "1000"] });
    await start();
    expect((await daemon.request("POST", "/containers/box/kill")).status).toBe(204);
    expect(await field("{{.State.Status}} {{.State.ExitCode}}")).toBe("exited 137");
    expect((await daemon.request("DELETE", "/containers/box")).status).toBe(204);
  });
});
