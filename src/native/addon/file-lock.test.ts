import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { tryLock } from "./file-lock.ts";

test("a lock has one holder at a time", () => {
  const directory = mkdtempSync(`${tmpdir()}/tbox-lock-`);
  {
    using lock = tryLock(directory, "a.lock");
    expect(lock).toBeDefined();
    expect(tryLock(directory, "a.lock")).toBeUndefined();
  }
  using again = tryLock(directory, "a.lock");
  expect(again).toBeDefined();
  rmSync(directory, { recursive: true });
});
