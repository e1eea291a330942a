import { expect, test } from "bun:test";
import { humanDuration, untilNextText } from "./human-duration.ts";

const second = 1000;
const hour = 3600 * second;
const day = 24 * hour;

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

test("the text does not change before the returned time, at any age", () => {
  for (let age = 0; age < 800 * day; age += Math.max(137, Math.floor(age / 700))) {
    const left = untilNextText(age);
    expect(left).toBeGreaterThanOrEqual(1);
    expect([age, humanDuration(age + left - 1)]).toEqual([age, humanDuration(age)]);
  }
});
