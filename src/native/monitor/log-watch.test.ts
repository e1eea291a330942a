import { expect, test } from "bun:test";
import type { LogPosition } from "../protocol/monitor.ts";
import { openLogWatch } from "./log-watch.ts";

const at = (size: number): LogPosition => ({ generation: 0, size });

test("callers with the same position share one request", async () => {
  const asked: LogPosition[] = [];
  const watch = openLogWatch((known) => asked.push(known));
  const waits = [watch.next(at(5)), watch.next(at(5)), watch.next(at(0))];
  expect(asked).toEqual([at(5), at(0)]);
  watch.moved(at(7));
  expect(await Promise.all(waits)).toEqual([at(7), at(7), at(7)]);
});

test("an answer with a known position resolves no wait", async () => {
  const asked: LogPosition[] = [];
  const watch = openLogWatch((known) => asked.push(known));
  const old = watch.next(at(0));
  const current = watch.next(at(5));
  watch.moved(at(5));
  expect(await old).toEqual(at(5));
  watch.moved({ generation: 1, size: 5 });
  expect(await current).toEqual({ generation: 1, size: 5 });
});

test("the exit of the container answers all requests, also later ones", async () => {
  const watch = openLogWatch(() => {});
  const before = watch.next(at(0));
  watch.end();
  expect(await before).toBeUndefined();
  expect(await watch.next(at(0))).toBeUndefined();
});

test("a request that cannot be sent does not wait", () => {
  const watch = openLogWatch(() => {
    throw new Error("closed");
  });
  expect(() => watch.next(at(0))).toThrow("closed");
});
