import { expect, test } from "bun:test";
import { appendFileSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { temporaryDirectory } from "#test/support/temp.ts";
import { openEventJournal } from "./event-journal.ts";
import { type EngineEvent, openEventLog } from "./events.ts";

const event = (time: bigint, id = "c1"): EngineEvent => ({
  type: "container",
  action: "start",
  id,
  attributes: { name: "web" },
  time,
});
const warn = () => {};

test("the next daemon reads the events of the last one", () => {
  using directory = temporaryDirectory("journal");
  const at = { directory: `${directory.path}/events`, warn };
  {
    using journal = openEventJournal(at);
    for (const time of [1n, 1_795_994_092_849_938_123n]) journal.append(event(time));
  }
  using journal = openEventJournal(at);
  expect(journal.read(0n)).toEqual([event(1n), event(1_795_994_092_849_938_123n)]);
  expect(journal.read(2n)).toHaveLength(1);
  expect(statSync(`${at.directory}/events.jsonl`).mode & 0o777).toBe(0o600);
});

test("an incomplete line hides no other event", () => {
  using directory = temporaryDirectory("journal");
  const at = { directory: directory.path, warn };
  appendFileSync(`${directory.path}/events.jsonl`, '{"type":"contai');
  using journal = openEventJournal(at);
  journal.append(event(3n));
  expect(journal.read(0n)).toEqual([event(3n)]);
});

test("the journal keeps the newest events and a bounded size", () => {
  using directory = temporaryDirectory("journal");
  using journal = openEventJournal({ directory: directory.path, warn, fileSize: 1000 });
  for (let time = 1n; time <= 100n; time++) {
    journal.append(event(time));
    journal.read(time);
  }
  const kept = journal.read(0n);
  expect(kept.at(-1)).toEqual(event(100n));
  expect(kept.length).toBeLessThan(40);
  const sizes = readdirSync(directory.path).map((name) => statSync(`${directory.path}/${name}`).size);
  expect(sizes).toHaveLength(2);
  expect(Math.max(...sizes)).toBeLessThan(1300);
});

test("a journal that cannot be written is reported once", () => {
  using directory = temporaryDirectory("journal");
  const warnings: string[] = [];
  using journal = openEventJournal({
    directory: directory.path,
    warn: (message) => void warnings.push(message),
  });
  // A directory in the place of the file fails every write.
  mkdirSync(`${directory.path}/events.jsonl`);
  for (const time of [1n, 2n]) {
    journal.append(event(time));
    expect(journal.read(0n)).toEqual([]);
  }
  expect(warnings).toHaveLength(1);
});

test("a reader gets the events of the journal, then those in memory, each once", async () => {
  using directory = temporaryDirectory("journal");
  using journal = openEventJournal({ directory: directory.path, warn });
  for (let time = 1n; time <= 3n; time++) journal.append(event(time, "before"));
  let now = 10n;
  const log = openEventLog(() => ++now, journal);
  for (let count = 0; count < 300; count++) log.publish({ ...event(0n), id: `c${count}` });
  const read = (since: bigint) =>
    Array.fromAsync(log.read({ since, until: 1000n, signal: AbortSignal.abort() }));
  const all = await read(0n);
  expect(all).toHaveLength(303);
  expect(all.map(({ time }) => time)).toEqual(all.map(({ time }) => time).toSorted((a, b) => Number(a - b)));
  expect(all[0]?.id).toBe("before");
  expect(await read(305n)).toHaveLength(6);
});
