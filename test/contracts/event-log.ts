import { describe, expect, test } from "bun:test";
import type { EngineEvent, EventLog, NewEvent, ReadEventsOptions } from "#engine/events.ts";

const start = {
  type: "container",
  action: "start",
  id: "c1",
  attributes: { name: "web" },
} satisfies NewEvent;

/** Declares the guarantees of an event log. `open` returns an empty one. */
export function describeEventLog(name: string, open: () => EventLog): void {
  describe(name, () => {
    test("events have different, rising times", async () => {
      const log = open();
      for (let count = 0; count < 5; count++) log.publish(start);
      const times = (await replay(log)).map(({ time }) => time);
      expect(new Set(times).size).toBe(5);
      expect(times).toEqual(times.toSorted((a, b) => (a < b ? -1 : 1)));
    });

    test("replays an event as it was published", async () => {
      const log = open();
      log.publish(start);
      expect(await replay(log)).toEqual([{ ...start, time: expect.any(BigInt) }]);
    });

    test("replays the events since a moment", async () => {
      const log = open();
      log.publish(start);
      log.publish({ ...start, action: "die" });
      const [, second] = await replay(log);
      expect(await replay(log, { since: second?.time ?? 0n })).toMatchObject([{ action: "die" }]);
    });

    test("replays no event after the last moment", async () => {
      const log = open();
      log.publish(start);
      log.publish({ ...start, action: "die" });
      const [first] = await replay(log);
      expect(await replay(log, { until: first?.time ?? 0n })).toMatchObject([{ action: "start" }]);
    });

    test("remembers the newest 256 events", async () => {
      const log = open();
      for (let count = 0; count < 300; count++) log.publish({ ...start, id: String(count) });
      const events = await replay(log);
      expect(events).toHaveLength(256);
      expect(events[0]?.id).toBe("44");
    });

    test("a reader without moments gets only new events, until its signal aborts", async () => {
      const log = open();
      log.publish(start);
      const client = new AbortController();
      const events = log.read({ signal: client.signal });
      const first = events.next();
      log.publish({ type: "volume", action: "create", id: "data", attributes: {} });
      expect((await first).value).toMatchObject({ type: "volume", id: "data" });
      client.abort();
      expect((await events.next()).done).toBe(true);
    });

    test("every reader gets every new event in order", async () => {
      const log = open();
      const client = new AbortController();
      const readers = [1, 2].map(() => Array.fromAsync(log.read({ signal: client.signal })));
      for (const action of ["create", "start", "die"] as const) log.publish({ ...start, action });
      client.abort();
      for (const events of await Promise.all(readers)) {
        expect(events.map(({ action }) => action)).toEqual(["create", "start", "die"]);
      }
    });
  });
}

/** Reads the events up to now; the log has no later ones. */
async function replay(
  log: EventLog,
  options: Omit<ReadEventsOptions, "signal"> = {},
): Promise<EngineEvent[]> {
  const until = BigInt(Date.now() + 1) * 1_000_000n;
  return Array.fromAsync(log.read({ until, ...options, signal: new AbortController().signal }));
}
