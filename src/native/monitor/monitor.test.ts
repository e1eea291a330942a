import { expect, test } from "bun:test";
import { FailureError } from "../addon/failure.ts";
import type { ChannelListener } from "../addon/reactor.ts";
import { type Monitor, openMonitor } from "./monitor.ts";

const started = {
  pid: 7,
  startedAt: "2026-01-01T00:00:00.000000000Z",
  phases: [{ name: "cloned", at: 5 }],
  marksLog: true,
};
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
  send(message: object): void;
  /** Closes its end; the event has not arrived yet. */
  close(): void;
  end(reason?: string): void;
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
    send: (message) => listener?.message(JSON.stringify(message)),
    close: () => {
      open = false;
    },
    end(reason) {
      open = false;
      listener?.closed(reason);
    },
  };
}

test("started and exited resolve one after the other", async () => {
  const { monitor, send } = openPeer();
  send({ type: "started", ...started });
  expect(await monitor.started).toMatchObject(started);
  send({ type: "exited", ...exited });
  expect(await monitor.exited).toMatchObject(exited);
});

test("a failed start rejects started and exited", async () => {
  const { monitor, send } = openPeer();
  send({ type: "failed", ...failure });
  const error = await monitor.started.catch((error) => error);
  expect(error).toBeInstanceOf(FailureError);
  expect(error).toMatchObject({ code: "invalid-argument", message: failure.message, failure });
  expect(monitor.exited).rejects.toBe(error);
});

test("the death of a monitor rejects as unavailable", async () => {
  const { monitor, send, end } = openPeer();
  send({ type: "started", ...started });
  end("Connection reset by peer");
  expect(await monitor.started).toMatchObject(started);
  expect(monitor.exited).rejects.toMatchObject({ code: "unavailable" });
  expect(await monitor.awaitLog({ generation: 0, size: 0 })).toBeUndefined();
});

test("awaitLog resolves with undefined when the monitor exits", async () => {
  const { monitor, send, close } = openPeer();
  send({ type: "started", ...started });
  close();
  const waiting = monitor.awaitLog({ generation: 0, size: 0 });
  send({ type: "exited", ...exited });
  expect(await waiting).toBeUndefined();
});

test("messages after the exit are ignored", async () => {
  const { monitor, send, end } = openPeer();
  send({ type: "started", ...started });
  send({ type: "exited", ...exited });
  end();
  expect((await monitor.exited).code).toBe(137);
});

test("signal and resize do nothing after the exit", () => {
  const { monitor, sent, end } = openPeer();
  monitor.signal(15);
  monitor.resize(80, 24);
  end();
  monitor.signal(9);
  monitor.resize(1, 1);
  expect(sent).toEqual([
    { type: "signal", number: 15 },
    { type: "resize", columns: 80, rows: 24 },
  ]);
});

test("attach throws conflict after the exit", () => {
  const { monitor, end } = openPeer();
  end();
  const attachment = { stdin: false, stdout: true, stderr: true, framing: "raw" } as const;
  expect(() => monitor.attach(attachment)).toThrow(expect.objectContaining({ code: "conflict" }));
});

test("awaitLog waits until the log grows", async () => {
  const { monitor, sent, send } = openPeer();
  const moved = monitor.awaitLog({ generation: 0, size: 3 });
  expect(sent).toEqual([{ type: "await-log", generation: 0, size: 3 }]);
  send({ type: "logged", generation: 0, size: 9 });
  expect(await moved).toEqual({ generation: 0, size: 9 });
});

test("a malformed message closes the channel", () => {
  const { send } = openPeer();
  expect(() => send({ type: "started", pid: "7" })).toThrow();
  expect(() => send({ type: "dance" })).toThrow();
});
