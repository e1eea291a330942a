import { expect, test } from "bun:test";
import { type EngineEvent, type NewEvent, openEventLog, type ReadEventsOptions } from "./events.ts";

const start: NewEvent = { type: "container", action: "start", id: "c1", attributes: { name: "web" } };

/** Reads the events up to now; the log has no later ones. */
async function replay(log: ReturnType<typeof openEventLog>, options: Omit<ReadEventsOptions, "signal"> = {}) {
  const events: EngineEvent[] = [];
  const { signal } = new AbortController();
  const until = BigInt(Date.now() + 1) * 1_000_000n;
  for await (const event of log.read({ until, ...options, signal })) events.push(event);
  return events;
}

test("events have rising times", async () => {
  const log = openEventLog();
  for (let count = 0; count < 5; count++) log.publish(start);
  const times = (await replay(log)).map(({ time }) => time);
  expect(new Set(times).size).toBe(5);
  expect(times).toEqual(times.toSorted((a, b) => (a < b ? -1 : 1)));
});

test("the log replays the events since a moment", async () => {
  const log = openEventLog();
  log.publish(start);
  log.publish({ ...start, action: "die" });
  const [, second] = await replay(log);
  expect(await replay(log, { since: second?.time ?? 0n })).toMatchObject([{ action: "die" }]);
});

test("the log remembers the newest 256 events", async () => {
  const log = openEventLog();
  for (let count = 0; count < 300; count++) log.publish({ ...start, id: String(count) });
  const events = await replay(log);
  expect(events).toHaveLength(256);
  expect(events[0]?.id).toBe("44");
});

test("a reader gets new events until its signal aborts", async () => {
  const log = openEventLog();
  const client = new AbortController();
  const events = log.read({ signal: client.signal });
  const first = events.next();
  log.publish({ type: "volume", action: "create", id: "data", attributes: {} });
  expect((await first).value).toMatchObject({ type: "volume", id: "data" });
  client.abort();
  expect((await events.next()).done).toBe(true);
});
