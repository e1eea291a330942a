import { expect, test } from "bun:test";
import { never, unixNanoseconds, unixSeconds } from "./timestamp.ts";

test.each([
  ["2006-01-02T15:04:05.9Z", 1_136_214_245],
  [never, 0],
  ["soon", 0],
])("unixSeconds of %s is %d", (time, expected) => expect(unixSeconds(time)).toBe(expected));

test.each([
  ["2006-01-02T15:04:05Z", 1_136_214_245_000_000_000n],
  ["2006-01-02T15:04:05.000000001Z", 1_136_214_245_000_000_001n],
  ["2006-01-02T15:04:05.1234567899Z", 1_136_214_245_123_456_789n],
  ["soon", 0n],
])("unixNanoseconds of %s is %d", (time, expected) => expect(unixNanoseconds(time)).toBe(expected));
