import { expect, test } from "bun:test";
import { FailureError } from "../addon/failure.ts";
import type { ChannelListener } from "../addon/reactor.ts";
import { type Monitor, openMonitor } from "./monitor.ts";

const started = { pid: 7, startedAt: "2026-01-01T00:00:00.000000000Z", phases: [{ name: "cloned", at: 5 }] };
const exited = {
  pid: 7,
  code: 137,
  signal: 9,
  oomKilled: false,
  startedAt: started.startedAt,
  finishedAt: "2026-01-01T00:00:01.000000000Z",
};
const failure = {
  kind: "command-not-found",
  step: "exec",
  subject: "/nope",
  message: "exec /nope: no such file",
};

interface Peer {
  monitor: Monitor;
  sent: unknown[];
  says(message: object): void;
  /** Closes its end; the news of that is still on the way. */
  hangsUp(): void;
  leaves(reason?: string): void;
}

function openPeer(): Peer {
  const sent: unknown[] = [];
  let listener: ChannelListener | undefined;
  let open = true;
  const monitor = openMonitor("abc", (given) => {
    listener = given;
    const send = (text: string) => {
      if (!open) throw Object.assign(new Error("closed"), { code: "EPIPE" });
      sent.push(JSON.parse(text));
    };
    return { send, close: () => {} };
  });
  return {
    monitor,
    sent,
    says: (message) => listener?.message(JSON.stringify(message)),
    hangsUp: () => {
      open = false;
    },
    leaves(reason) {
      open = false;
      listener?.closed(reason);
    },
  };
}

test("started and exited resolve one after the other", async () => {
  const { monitor, says } = openPeer();
  says({ type: "started", ...started });
  expect(await monitor.started).toEqual(started);
  says({ type: "exited", ...exited });
  expect(await monitor.exited).toEqual(exited);
});

test("a failed start rejects started and exited", async () => {
  const { monitor, says } = openPeer();
  says({ type: "failed", ...failure });
  const error = await monitor.started.catch((error) => error);
  expect(error).toBeInstanceOf(FailureError);
  expect(error).toMatchObject({ code: "invalid-argument", message: failure.message, failure });
  expect(monitor.exited).rejects.toBe(error);
});

test("the death of a monitor rejects as unavailable", async () => {
  const { monitor, says, leaves } = openPeer();
  says({ type: "started", ...started });
  leaves("Connection reset by peer");
  expect(await monitor.started).toEqual(started);
  expect(monitor.exited).rejects.toMatchObject({ code: "unavailable" });
  expect(await monitor.awaitLog({ generation: 0, size: 0 })).toBeUndefined();
});

test("awaitLog resolves with undefined when the monitor exits", async () => {
  const { monitor, says, hangsUp } = openPeer();
  says({ type: "started", ...started });
  hangsUp();
  const waiting = monitor.awaitLog({ generation: 0, size: 0 });
  says({ type: "exited", ...exited });
  expect(await waiting).toBeUndefined();
});

test("messages after the exit are ignored", async () => {
  const { monitor, says, leaves } = openPeer();
  says({ type: "started", ...started });
  says({ type: "exited", ...exited });
  leaves();
  expect((await monitor.exited).code).toBe(137);
});

test("signal and resize do nothing after the exit", () => {
  const { monitor, sent, leaves } = openPeer();
  monitor.signal(15);
  monitor.resize(80, 24);
  leaves();
  monitor.signal(9);
  monitor.resize(1, 1);
  expect(sent).toEqual([
    { type: "signal", number: 15 },
    { type: "resize", columns: 80, rows: 24 },
  ]);
});

test("attach throws conflict after the exit", () => {
  const { monitor, leaves } = openPeer();
  leaves();
  const attachment = { stdin: false, stdout: true, stderr: true, framing: "raw" } as const;
  expect(() => monitor.attach(attachment)).toThrow(expect.objectContaining({ code: "conflict" }));
});

test("awaitLog waits until the log grows", async () => {
  const { monitor, sent, says } = openPeer();
  const moved = monitor.awaitLog({ generation: 0, size: 3 });
  expect(sent).toEqual([{ type: "await-log", generation: 0, size: 3 }]);
  says({ type: "logged", generation: 0, size: 9 });
  expect(await moved).toEqual({ generation: 0, size: 9 });
});

test("a malformed message closes the channel", () => {
  const { says } = openPeer();
  expect(() => says({ type: "started", pid: "7" })).toThrow();
  expect(() => says({ type: "dance" })).toThrow();
});
