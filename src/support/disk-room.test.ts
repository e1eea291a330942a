import { expect, test } from "bun:test";
import { describeShortages, readDiskRoom } from "./disk-room.ts";

const gibibyte = 1024 ** 3;
const roomy = { bytes: 100 * gibibyte, freeBytes: 50 * gibibyte, inodes: 1_000_000, freeInodes: 900_000 };

test("a disk with enough room has no shortage", () => {
  expect(describeShortages(roomy, "/store")).toEqual([]);
  const large = { ...roomy, bytes: 10_000 * gibibyte, freeBytes: 6 * gibibyte };
  expect(describeShortages(large, "/store")).toEqual([]);
});

test("a nearly full disk is described with its free space", () => {
  expect(describeShortages({ ...roomy, freeBytes: 4 * gibibyte }, "/store")).toEqual([
    "the disk of /store is nearly full: 4.0 GiB (4 %) is free",
  ]);
  expect(describeShortages({ ...roomy, bytes: gibibyte, freeBytes: gibibyte / 2 }, "/store")).toEqual([
    "the disk of /store is nearly full: 0.5 GiB (50 %) is free",
  ]);
});

test("a disk that is nearly out of inodes is described with the number left", () => {
  expect(describeShortages({ ...roomy, freeInodes: 12_345 }, "/store")).toEqual([
    "the disk of /store is nearly out of inodes: 12345 (1 %) are free",
  ]);
  expect(describeShortages({ ...roomy, inodes: 0, freeInodes: 0 }, "/store")).toEqual([]);
});

test("the room of a real disk is read", () => {
  const { bytes, freeBytes } = readDiskRoom("/tmp");
  expect(bytes).toBeGreaterThanOrEqual(freeBytes);
});
