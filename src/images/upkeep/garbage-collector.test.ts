import { expect, test } from "bun:test";
import { openKeeper } from "./garbage-collector.ts";

test("nothing is collected while somebody is at work, and nobody begins meanwhile", async () => {
  const events: string[] = [];
  const gates = new Map<string, () => void>();
  const until = (name: string) => new Promise<void>((resolve) => gates.set(name, resolve));
  const open = (name: string) => gates.get(name)?.();
  const step = async (name: string) => {
    events.push(`${name} begins`);
    await until(name);
    events.push(`${name} ends`);
  };
  const keeper = openKeeper(() => step("collection"));
  const first = keeper.protect(() => step("pull"));
  await keeper.collect();
  expect(events).toEqual(["pull begins"]);
  open("pull");
  while (!events.includes("collection begins")) await new Promise(setImmediate);
  const second = keeper.protect(() => step("load"));
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

test("work that fails is collected after, and fails with its own reason", async () => {
  let collected = 0;
  const keeper = openKeeper(async () => {
    collected++;
  });
  await expect(keeper.protect(() => Promise.reject(new Error("its own")))).rejects.toThrow("its own");
  expect(collected).toBe(1);
  await keeper.protect(async () => {});
  expect(collected).toBe(1);
});
