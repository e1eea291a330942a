import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { type Connection, openConnection } from "#test/support/connection.ts";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { busyProcesses } from "#test/support/processes.ts";
import { until } from "#test/support/until.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

const upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n";
const mebibyte = 1024 * 1024;

async function prepare(daemon: TestDaemon): Promise<void> {
  await loadShell(daemon, "box:1", {}, [{ path: "big", content: new Uint8Array(64 * mebibyte) }]);
  await daemon.tbox(["run", "-d", "--name", "idle", "--network", "none", "box:1", "sleep", "1000"]);
  const noise = "while :; do echo 0123456789012345678901234567890123456789; done";
  await daemon.tbox(["run", "-d", "--name", "loud", "--network", "none", "box:1", "sh", "-c", noise]);
  const lines = `yes ${"x".repeat(1000)} | head -c ${64 * mebibyte}`;
  await daemon.tbox(["run", "--name", "verbose", "--network", "none", "box:1", "sh", "-c", lines]);
}

daemonSuite("a client that disconnects or stalls", { obstacle: shellUnavailable, prepare }, (daemon) => {
  async function open(request: string, headers = "", body = ""): Promise<Connection> {
    const connection = await openConnection(daemon.socket);
    connection.write(
      `${request} HTTP/1.1\r\nHost: d\r\n${headers}Content-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    return connection;
  }
  const descriptors = () => readdirSync(`/proc/${daemon.pid}/fd`).length;
  const resident = () => {
    const [, kibibytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${daemon.pid}/status`, "utf8")) ?? [];
    return Number(kibibytes) * 1024;
  };
  async function settled(): Promise<{ descriptors: number; helpers: number }> {
    // Afterwards the connections for the next program are open in advance.
    await daemon.printed("exec", "idle", "true");
    // The kept-alive connection and descriptors opened by the first use do not count.
    await (await daemon.request("GET", "/containers/json")).text();
    return { descriptors: descriptors(), helpers: busyProcesses(daemon.run).length };
  }
  async function newExec(...Cmd: string[]): Promise<string> {
    const created = await daemon.request("POST", "/containers/idle/exec", { Cmd, AttachStdout: true });
    return ((await created.json()) as { Id: string }).Id;
  }

  const requests: [string, () => Promise<Connection>][] = [
    ["attach", () => open("POST /containers/loud/attach?stream=1&stdout=1", upgrade)],
    ["attach without an upgrade", () => open("POST /containers/loud/attach?stream=1&stdout=1")],
    [
      "attach to one that says nothing",
      () => open("POST /containers/idle/attach?stream=1&stdout=1", upgrade),
    ],
    ["logs -f", () => open("GET /containers/loud/logs?follow=1&stdout=1")],
    ["logs -f of one that says nothing", () => open("GET /containers/idle/logs?follow=1&stdout=1")],
    ["wait", () => open("POST /containers/idle/wait")],
    ["events", () => open("GET /events")],
    ["export", () => open("GET /containers/idle/export")],
    ["cp", () => open("GET /containers/idle/archive?path=/big")],
    [
      "exec",
      async () =>
        open(`POST /exec/${await newExec("head", "-c", "20000000", "/dev/zero")}/start`, upgrade, "{}"),
    ],
  ];

  test.each(requests)("during %s leaves nothing behind in the daemon", async (_, request) => {
    const before = await settled();
    for (let round = 0; round < 3; round++) {
      const connection = await request();
      await connection.until("\r\n\r\n");
      connection[Symbol.dispose]();
    }
    await until(() => descriptors() <= before.descriptors);
    // An exec continues without its client until it ends.
    await until(() => busyProcesses(daemon.run).length <= before.helpers);
  });

  const floods: [string, () => Promise<Connection>][] = [
    ["exec", async () => open(`POST /exec/${await newExec("cat", "/dev/zero")}/start`, upgrade, "{}")],
    ["logs", () => open("GET /containers/verbose/logs?stdout=1")],
    ["export", () => open("GET /containers/idle/export")],
  ];

  test.each(floods)("during %s costs no memory when it does not read", async (_, request) => {
    await settled();
    const before = resident();
    const stalled = await Promise.all(Array.from({ length: 4 }, request));
    for (const connection of stalled) {
      await connection.until("\r\n\r\n");
      connection.pause();
    }
    // A daemon that reads ahead has read all of the 256 MiB after this many answers.
    for (let round = 0; round < 500; round++) await daemon.request("GET", "/containers/json");
    expect(resident() - before).toBeLessThan(100 * mebibyte);
    for (const connection of stalled) connection[Symbol.dispose]();
  });

  test("does not prevent a kill of the container when it does not read", async () => {
    using stalled = await open("POST /containers/loud/attach?stream=1&stdout=1", upgrade);
    await stalled.until("0123");
    stalled.pause();
    expect((await daemon.request("POST", "/containers/loud/kill")).status).toBe(204);
    const { State } = (await (await daemon.request("GET", "/containers/loud/json")).json()) as {
      State: { ExitCode: number; Running: boolean };
    };
    expect(State).toMatchObject({ ExitCode: 137, Running: false });
  });
});
