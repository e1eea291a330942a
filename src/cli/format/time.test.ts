import { describe, expect, test } from "bun:test";
import { humanDuration } from "#support/time/human-duration.ts";
import { binarySize, decimalSize } from "./size.ts";
import { parseTimestamp } from "./time.ts";

const second = 1000;
const hour = 3600 * second;
const day = 24 * hour;

describe("humanDuration", () => {
  test.each([
    [0, "Less than a second"],
    [second, "1 second"],
    [59 * second, "59 seconds"],
    [60 * second, "About a minute"],
    [119 * second, "About a minute"],
    [120 * second, "2 minutes"],
    [59 * 60 * second, "59 minutes"],
    [hour, "About an hour"],
    [1.4 * hour, "About an hour"],
    [1.6 * hour, "2 hours"],
    [47 * hour, "47 hours"],
    [2 * day, "2 days"],
    [13 * day, "13 days"],
    [14 * day, "2 weeks"],
    [59 * day, "8 weeks"],
    [60 * day, "2 months"],
    [729 * day, "24 months"],
    [730 * day, "2 years"],
  ])("%d", (milliseconds, expected) => expect(humanDuration(milliseconds)).toBe(expected));
});

describe("parseTimestamp", () => {
  const now = Date.UTC(2026, 0, 1);
  test.each([
    ["1136073600", "1136073600"],
    ["1136073600.000000001", "1136073600.000000001"],
    ["10s", (now / 1000 - 10).toFixed(3)],
    ["2006-01-02T15:04:05Z", "1136214245"],
    ["2006-01-02T15:04:05.123456789Z", "1136214245.123456789"],
    ["2006-01-02T15:04:05+01:00", "1136210645"],
    ["2006-01-02T15:04Z", "1136214240"],
  ])("%s", (text, expected) => expect(parseTimestamp(text, now)).toBe(expected));
  test("refuses what is no time", () => {
    expect(() => parseTimestamp("yesterday", now)).toThrow("invalid time 'yesterday'");
  });
});

test.each([
  [0, "0B"],
  [999, "999B"],
  [1000, "1kB"],
  [1234, "1.23kB"],
  [123_456_789, "123MB"],
])("%d bytes are %s", (bytes, expected) => expect(decimalSize(bytes, 3)).toBe(expected));

test("memory is shown in powers of 1024", () => expect(binarySize(8_217_255_936)).toBe("7.653GiB"));
