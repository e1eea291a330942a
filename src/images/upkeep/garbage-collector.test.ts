import { expect, test } from "bun:test";
import { openGarbageCollector } from "./garbage-collector.ts";

test("garbage collection waits for leases, and new leases wait for a running collection", async () => {
  const events: string[] = [];
  const gates = new Map<string, () => void>();
  const until = (name: string) => new Promise<void>((resolve) => gates.set(name, resolve));
  const open = (name: string) => gates.get(name)?.();
  const step = async (name: string) => {
    events.push(`${name} begins`);
    await until(name);
    events.push(`${name} ends`);
  };
  const collector = openGarbageCollector(() => step("collection"));
  collector.start();
  const started = collector.collect();
  open("collection");
  await started;
  events.length = 0;
  const first = collector.withLease(() => step("pull"));
  await collector.collect();
  expect(events).toEqual(["pull begins"]);
  open("pull");
  while (!events.includes("collection begins")) await new Promise(setImmediate);
  const second = collector.withLease(() => step("load"));
  await new Promise(setImmediate);
  expect(events.at(-1)).toBe("collection begins");
  open("collection");
  await first;
  while (!events.includes("load begins")) await new Promise(setImmediate);
  open("load");
  await second;
  expect(events).toEqual([
    "pull begins",
    "pull ends",
    "collection begins",
    "collection ends",
    "load begins",
    "load ends",
  ]);
});

test("failed work rejects with its own error, and a collection follows", async () => {
  let collected = 0;
  const collector = openGarbageCollector(async () => {
    collected++;
  });
  collector.start();
  await collector.collect();
  collected = 0;
  await expect(collector.withLease(() => Promise.reject(new Error("its own")))).rejects.toThrow("its own");
  expect(collected).toBe(1);
  await collector.withLease(async () => {});
  expect(collected).toBe(1);
});

test("nothing is collected before the collector is started", async () => {
  let collected = 0;
  const collector = openGarbageCollector(async () => {
    collected++;
  });
  await collector.collect();
  await expect(collector.withLease(() => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  expect(collected).toBe(0);
  collector.start();
  expect(collected).toBe(0);
  await collector.collect();
  expect(collected).toBe(1);
});
