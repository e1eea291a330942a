import { expect, test } from "bun:test";
import { openSoon } from "./soon.ts";

test("functions run after the current one, in the order of the calls", async () => {
  const done: string[] = [];
  const soon = openSoon();
  soon.run(() => done.push("first"));
  soon.run(() => done.push("second"));
  done.push("now");
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(done).toEqual(["now", "first", "second"]);
});

test("flush runs the waiting functions at once, and each only once", async () => {
  const done: string[] = [];
  const soon = openSoon();
  soon.run(() => done.push("first"));
  soon.flush();
  expect(done).toEqual(["first"]);
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(done).toEqual(["first"]);
});
