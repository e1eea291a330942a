import { expect, test } from "bun:test";
import { type LogPosition, skipSent } from "./log-position.ts";

const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, "0")}.000000000Z`;

/** Returns the texts of the records after a position. The text of a record is its number. */
async function rest(seconds: number[], from: LogPosition | undefined): Promise<string> {
  async function* records() {
    for (const [index, second] of seconds.entries()) {
      yield { stream: "stdout" as const, time: at(second), text: String(index) };
    }
  }
  let texts = "";
  for await (const { text } of skipSent(records(), from)) texts += text;
  return texts;
}

test.each<[string, number[], LogPosition | undefined, string]>([
  ["all without a position", [1, 2, 3], undefined, "012"],
  ["those after the position", [1, 2, 3], { time: at(2), count: 1 }, "2"],
  ["further records of the position's time", [1, 2, 2, 2], { time: at(2), count: 2 }, "3"],
  ["those after the clock was set back", [10, 20, 5, 6], { time: at(20), count: 1 }, "23"],
  ["all later ones when the position's record was rotated away", [8, 9], { time: at(7), count: 1 }, "01"],
])("a log continues with %s", async (_, seconds, from, expected) => {
  expect(await rest(seconds, from)).toBe(expected);
});
