import { expect, test } from "bun:test";
import { parseSignal } from "./signals.ts";

test.each([
  ["TERM", 15],
  ["sigkill", 9],
  ["10", 10],
  ["SIGRTMIN+3", 37],
  ["RTMAX-1", 63],
  ["RTMIN", 34],
  ["CLD", 17],
  ["SIGPOLL", 29],
  ["IOT", 6],
])("%s is %d", (text, number) => {
  expect(parseSignal(text)).toBe(number);
});

test.each(["", "0", "65", "NOSUCH", "RTMIN+31", "-1"])("%j is refused", (text) => {
  expect(() => parseSignal(text)).toThrow(`invalid signal: ${text}`);
});
