import { expect, test } from "bun:test";
import { coalesced } from "./coalesced.ts";

test("calls during a run share one later run that sees their effects", async () => {
  let value = 0;
  const seen: number[] = [];
  const gates: (() => void)[] = [];
  const act = coalesced(async () => {
    seen.push(value);
    await new Promise<void>((resolve) => gates.push(resolve));
  });
  const first = act();
  value = 1;
  const others = [act(), act()];
  value = 2;
  const last = act();
  gates[0]?.();
  await first;
  while (gates.length < 2) await new Promise(setImmediate);
  gates[1]?.();
  await Promise.all([...others, last]);
  expect(seen).toEqual([0, 2]);
});

test("a failed run rejects only its own callers", async () => {
  let count = 0;
  const act = coalesced(async () => {
    count++;
    await Promise.resolve();
    if (count === 1) throw new Error("once");
  });
  const first = act();
  const second = act();
  await expect(first).rejects.toThrow("once");
  await second;
  await act();
  expect(count).toBe(3);
});
