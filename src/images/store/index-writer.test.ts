import { expect, test } from "bun:test";
import { until } from "#test/support/until.ts";
import { openIndexWriter } from "./index-writer.ts";

const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });

test("an index that finds the disk full is written when there is space", async () => {
  const warnings: string[] = [];
  let fails = 3;
  let written = 0;
  const write = async () => {
    if (fails-- > 0) throw full;
    written++;
  };
  const writeIndex = openIndexWriter(write, (text) => void warnings.push(text), 1);
  await writeIndex();
  expect(written).toBe(0);
  await until(() => written > 0);
  expect(warnings).toEqual(["the image index is written when the disk has space"]);
});

test("another failure of an index is its caller's", async () => {
  const refused = Object.assign(new Error("permission denied"), { code: "EACCES" });
  const writeIndex = openIndexWriter(
    () => Promise.reject(refused),
    () => {},
  );
  await expect(writeIndex()).rejects.toBe(refused);
});
