import { expect, test } from "bun:test";
import { type NewEvent, openEventLog } from "#engine/events.ts";
import { describeEventLog } from "./event-log.ts";

const start: NewEvent = { type: "container", action: "start", id: "c1", attributes: {} };

describeEventLog("the event log in memory", () => openEventLog(() => BigInt(Date.now()) * 1_000_000n));

test("an event has the time of its publication, or of the nanosecond after the last event", async () => {
  const times = [7n, 1_795_994_092_849_938_123n, 5n];
  const log = openEventLog(() => times.shift() ?? 0n);
  for (let count = 0; count < 3; count++) log.publish(start);
  const events = await Array.fromAsync(log.read({ since: 0n, signal: AbortSignal.abort() }));
  expect(events.map(({ time }) => time)).toEqual([
    7n,
    1_795_994_092_849_938_123n,
    1_795_994_092_849_938_124n,
  ]);
});

test("a reader that waits for starts gets the recent ones of containers that have not ended", async () => {
  let time = 0n;
  const log = openEventLog(() => ++time);
  const publish = (action: "start" | "die" | "create", id: string) =>
    log.publish({ type: "container", action, id, attributes: {} });
  publish("start", "too-old");
  publish("create", "running");
  publish("start", "ended");
  publish("start", "again");
  publish("die", "again");
  publish("start", "running");
  publish("die", "ended");
  publish("start", "again");
  const read = (range: { startsSince?: bigint; until?: bigint }) =>
    Array.fromAsync(log.read({ ...range, signal: AbortSignal.abort() }));
  const found = await read({ startsSince: 2n });
  expect(found.map(({ action, id }) => `${action} ${id}`)).toEqual(["start running", "start again"]);
  expect(await read({ startsSince: 2n, until: 100n })).toHaveLength(8);
  expect(await read({})).toEqual([]);
});
