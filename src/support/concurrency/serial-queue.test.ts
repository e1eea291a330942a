import { expect, test } from "bun:test";
import { createSerialQueue } from "./serial-queue.ts";

test("operations run one after the other, also after a failure", async () => {
  const enqueue = createSerialQueue();
  const order: string[] = [];
  const slow = enqueue(async () => {
    await new Promise(setImmediate);
    order.push("slow");
    throw new Error("broken");
  });
  const fast = enqueue(async () => order.push("fast"));
  await expect(slow).rejects.toThrow("broken");
  await fast;
  expect(order).toEqual(["slow", "fast"]);
});
