import { expect, test } from "bun:test";
import { visible, visibleWithColours } from "./visible.ts";

test.each([
  ["plain ü 漢字\tx\n", "plain ü 漢字\tx\n"],
  ["\x1b]0;title\x07", "\\x1b]0;title\\x07"],
  ["\x1b[2J\x9b2J\x7f", "\\x1b[2J\\x9b2J\\x7f"],
  ["line\r\nfake\rover", "line\nfake\\x0dover"],
  ["\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"],
])("%j is shown as %j", (text, shown) => {
  expect(visible(text)).toBe(shown);
});

test("colours of a program's output stay, and other sequences do not", () => {
  expect(visibleWithColours("\x1b[1;31mred\x1b[m\x1b[2A\x1b]52;c;x\x07")).toBe(
    "\x1b[1;31mred\x1b[m\\x1b[2A\\x1b]52;c;x\\x07",
  );
});
