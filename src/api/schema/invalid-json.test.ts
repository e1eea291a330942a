import { expect, test } from "bun:test";
import { describeInvalidJson } from "./invalid-json.ts";

test.each([
  ["{invalid json", "invalid JSON: invalid character 'i' looking for beginning of object key string"],
  ["{} trailing", "unexpected content after JSON"],
  ['{"a":1}{"b":2}', "unexpected content after JSON"],
  ["x", "invalid JSON: invalid character 'x' looking for beginning of value"],
  ['{"a" 1}', "invalid JSON: invalid character '1' after object key"],
  ['{"a":1 "b":2}', "invalid JSON: invalid character '\"' after object key:value pair"],
  ["[1 2]", "invalid JSON: invalid character '2' after array element"],
  ["[1,]", "invalid JSON: invalid character ']' looking for beginning of value"],
  ['{"a":1,}', "invalid JSON: invalid character '}' looking for beginning of object key string"],
  ["tru ", "invalid JSON: invalid character ' ' in literal true (expecting 'e')"],
  ['"a\nb"', "invalid JSON: invalid character '\\n' in string literal"],
  ['"\\x"', "invalid JSON: invalid character 'x' in string escape code"],
  ["[-x]", "invalid JSON: invalid character '-' in numeric literal"],
  ['{"a":[{"b":"c"', "invalid JSON: unexpected EOF"],
  ["", "invalid JSON: unexpected EOF"],
])("%j is %s", (text, description) => {
  expect(describeInvalidJson(text)).toBe(description);
});
