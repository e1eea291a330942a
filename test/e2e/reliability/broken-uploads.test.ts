import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { type Connection, openConnection } from "#test/support/connection.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { busyProcesses } from "#test/support/processes.ts";
import { tar } from "#test/support/tar.ts";
import { until } from "#test/support/until.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

const whole = tar([{ path: "new", content: "x".repeat(100_000) }]);

daemonSuite("an upload that breaks off", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  async function upload(path: string, body: Uint8Array, method = "PUT"): Promise<Connection> {
    const connection = await openConnection(daemon.socket);
    connection.write(
      `${method} ${path} HTTP/1.1\r\nHost: d\r\nContent-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    if (body.length > 0) {
      connection.write(`${body.length.toString(16)}\r\n`);
      connection.writeBytes(body);
      connection.write("\r\n");
    }
    return connection;
  }
  const descriptors = () => readdirSync(`/proc/${daemon.pid}/fd`).length;
  async function baseline(): Promise<{ descriptors: number; helpers: Set<number> }> {
    await (await daemon.request("GET", "/containers/json")).text();
    return { descriptors: descriptors(), helpers: new Set(busyProcesses(daemon.run)) };
  }
  /** Returns whether a process runs that is not one of the earlier ones, which may have ended meanwhile. */
  const isWorking = (earlier: Set<number>) => busyProcesses(daemon.run).some((pid) => !earlier.has(pid));

  test.each([
    ["of half a file", whole.subarray(0, 50_000)],
    ["of less than a header", whole.subarray(0, 100)],
    ["of no bytes", new Uint8Array()],
  ])("%s does not lock a stopped container", async (_, part) => {
    await daemon.printed("create", "--name", "stopped", "--network", "none", "box:1", "true");
    const before = await baseline();
    const connection = await upload("/containers/stopped/archive?path=/", part);
    await until(() => isWorking(before.helpers));
    connection[Symbol.dispose]();
    expect((await daemon.request("GET", "/containers/stopped/changes")).status).toBe(200);
    expect((await daemon.request("POST", "/containers/stopped/start")).status).toBe(204);
    expect((await daemon.request("DELETE", "/containers/stopped?force=1")).status).toBe(204);
    await until(() => !isWorking(before.helpers));
  });

  test("leaves no helper behind in a running container", async () => {
    await daemon.printed("run", "-d", "--name", "runs", "--network", "none", "box:1", "sleep", "1000");
    const before = await baseline();
    for (const part of [whole.subarray(0, 50_000), whole.subarray(0, 100), new Uint8Array()]) {
      const connection = await upload("/containers/runs/archive?path=/", part);
      await until(() => isWorking(before.helpers));
      connection[Symbol.dispose]();
      await until(() => !isWorking(before.helpers));
    }
    await until(() => descriptors() <= before.descriptors);
    await daemon.printed("rm", "-f", "runs");
  });

  test.each([
    ["a build", "/build"],
    ["a load", "/images/load"],
    ["an import", "/images/create?fromSrc=-&repo=part"],
  ])("during %s leaves nothing behind", async (_, path) => {
    const before = await baseline();
    for (const part of [whole.subarray(0, 50_000), whole.subarray(0, 100), new Uint8Array()]) {
      const connection = await upload(path, part, "POST");
      await daemon.request("GET", "/containers/json");
      connection[Symbol.dispose]();
    }
    await until(() => !isWorking(before.helpers));
    await until(() => descriptors() <= before.descriptors);
    expect(await daemon.printed("images", "-q", "part")).toBe("");
  });

  test("is answered when the worker fails and the client sends no more", async () => {
    await daemon.printed("create", "--name", "stopped", "--network", "none", "box:1", "true");
    using connection = await upload("/containers/stopped/archive?path=/missing", whole.subarray(0, 100));
    expect((await connection.until("\r\n\r\n")).toString()).toContain("404");
    expect((await daemon.request("DELETE", "/containers/stopped")).status).toBe(204);
  });

  test.each([
    ["with a length", "Content-Length: 0\r\n\r\n"],
    ["in chunks", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
  ])("an empty archive %s changes nothing", async (_, end) => {
    await daemon.printed("create", "--name", "stopped", "--network", "none", "box:1", "true");
    using connection = await openConnection(daemon.socket);
    connection.write(`PUT /containers/stopped/archive?path=/ HTTP/1.1\r\nHost: d\r\n${end}`);
    expect((await connection.until("\r\n\r\n")).toString()).toContain("HTTP/1.1 200 OK");
    expect(await (await daemon.request("GET", "/containers/stopped/changes")).json()).toBeNull();
    expect((await daemon.request("DELETE", "/containers/stopped")).status).toBe(204);
  });
});
