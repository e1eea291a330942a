import { expect, test } from "bun:test";
import { openDeferredWork } from "./deferred-work.ts";

test("deferred tasks run one at a time in their order, and a failure does not stop the others", async () => {
  const seen: string[] = [];
  const work = openDeferredWork(1, (message, error) => seen.push(`${message}: ${error}`));
  const done = Promise.withResolvers<void>();
  work.defer("read", async () => {
    seen.push("read begins");
    await new Promise(setImmediate);
    seen.push("read ends");
  });
  work.defer("write", () => Promise.reject("disk full"));
  work.defer("sweep", done.resolve);
  expect(seen).toEqual([]);
  await done.promise;
  expect(seen).toEqual(["read begins", "read ends", "write: disk full"]);
  const later = Promise.withResolvers<void>();
  work.defer("a task after the delay", later.resolve);
  await later.promise;
});

test("a task that has not begun is dropped when the work is disposed of", async () => {
  const seen: string[] = [];
  const work = openDeferredWork(1, () => {});
  const disposed = Promise.withResolvers<void>();
  work.defer("dispose", () => {
    work[Symbol.dispose]();
    disposed.resolve();
  });
  work.defer("never", () => seen.push("never"));
  await disposed.promise;
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  expect(seen).toEqual([]);
});
