import { describe, expect, test } from "bun:test";
import { binarySize, decimalSize } from "./size.ts";
import { parseTimestamp } from "./time.ts";

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
  test("text that is not a time is refused", () => {
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

test("binarySize uses powers of 1024", () => expect(binarySize(8_217_255_936)).toBe("7.653GiB"));
