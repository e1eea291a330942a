import { expect, test } from "bun:test";
import { parseMoment, untilFilter } from "./moment.ts";

test("seconds and dates are moments", () => {
  expect(parseMoment("1136073600.5")).toBe(1_136_073_600_500);
  expect(parseMoment("2006-01-02T15:04:05Z")).toBe(Date.UTC(2006, 0, 2, 15, 4, 5));
});

test("a duration is a moment before now", () => {
  const moment = parseMoment("1h30m");
  const ago = Date.now() - moment;
  expect(ago).toBeGreaterThanOrEqual(5_400_000);
  expect(ago).toBeLessThan(5_460_000);
});

test("any other text is refused", () => {
  expect(() => parseMoment("soon")).toThrow("invalid filter 'until=soon'");
});

test("until accepts moments before all its values", () => {
  const before = untilFilter(["10", "20"]);
  expect([before(9_999), before(10_000)]).toEqual([true, false]);
});
