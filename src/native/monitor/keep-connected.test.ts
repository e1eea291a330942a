import { expect, test } from "bun:test";
import { TboxError } from "#support/errors.ts";
import type { ChannelListener } from "../addon/reactor.ts";
import { keepConnected } from "./keep-connected.ts";
import { type Monitor, openMonitor } from "./monitor.ts";

const started = { type: "started", pid: 7, startedAt: "2026-01-01T00:00:00.000000000Z", phases: [] };
const exited = {
  type: "exited",
  pid: 7,
  code: 3,
  oomKilled: false,
  startedAt: started.startedAt,
  finishedAt: "2026-01-01T00:00:01.000000000Z",
};

/** Returns a monitor process: each connection has a listener and the requests that arrived over it. */
function openProcess() {
  const connections: { listener: ChannelListener; requests: unknown[]; monitor: Monitor }[] = [];
  let outcome: "connects" | "busy" | "gone" = "connects";
  const connect = (): Monitor => {
    if (outcome === "gone") throw new TboxError("not-found", "no monitor");
    if (outcome === "busy") throw new TboxError("unavailable", "try again");
    const requests: unknown[] = [];
    const monitor = openMonitor("abc", (listener) => {
      const channel = { send: (text: string) => void requests.push(JSON.parse(text)), close: () => {} };
      queueMicrotask(() => listener.message(JSON.stringify(started)));
      connections.push({
        listener,
        requests,
        get monitor() {
          return monitor;
        },
      });
      return channel;
    });
    return monitor;
  };
  return {
    connect,
    connections,
    will(next: typeof outcome) {
      outcome = next;
    },
    lose: () => connections.at(-1)?.listener.closed(undefined),
    say: (message: object) => connections.at(-1)?.listener.message(JSON.stringify(message)),
    async connected(count: number) {
      while (connections.length < count) await Bun.sleep(1);
      await Bun.sleep(1);
    },
  };
}

test("a lost connection is opened again and is no exit", async () => {
  const process = openProcess();
  const monitor = keepConnected(process.connect(), process.connect);
  process.lose();
  await process.connected(2);
  process.lose();
  await process.connected(3);
  process.say(exited);
  expect((await monitor.exited).code).toBe(3);
});

test("requests made without a connection reach the next one", async () => {
  const process = openProcess();
  const monitor = keepConnected(process.connect(), process.connect);
  process.will("busy");
  process.lose();
  await Bun.sleep(1);
  monitor.signal(15);
  process.will("connects");
  await process.connected(2);
  expect(process.connections[1]?.requests).toEqual([{ type: "signal", number: 15 }]);
});

test("a wait for the log continues over the next connection", async () => {
  const process = openProcess();
  const monitor = keepConnected(process.connect(), process.connect);
  const moved = monitor.awaitLog({ generation: 0, size: 3 });
  process.lose();
  await process.connected(2);
  process.say({ type: "logged", generation: 0, size: 9 });
  expect(await moved).toEqual({ generation: 0, size: 9 });
  const last = monitor.awaitLog({ generation: 0, size: 9 });
  process.say(exited);
  expect(await last).toBeUndefined();
});

test("exited rejects when no monitor listens any more", async () => {
  const process = openProcess();
  const monitor = keepConnected(process.connect(), process.connect);
  process.will("gone");
  const moved = monitor.awaitLog({ generation: 0, size: 0 });
  process.lose();
  expect(await monitor.exited.catch((error) => error.code)).toBe("unavailable");
  expect(await moved).toBeUndefined();
});

test("a disposed monitor does not connect again", async () => {
  const process = openProcess();
  const monitor = keepConnected(process.connect(), process.connect);
  const moved = monitor.awaitLog({ generation: 0, size: 0 });
  monitor[Symbol.dispose]();
  expect(await moved).toBeUndefined();
  process.lose();
  await Bun.sleep(20);
  expect(process.connections).toHaveLength(1);
});
