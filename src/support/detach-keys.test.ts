import { describe, expect, test } from "bun:test";
import { createDetachFilter, defaultDetachKeys, parseDetachKeys } from "./detach-keys.ts";

describe("parseDetachKeys", () => {
  test.each([
    ["ctrl-p,ctrl-q", [16, 17]],
    ["ctrl-@", [0]],
    ["ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_", [27, 28, 29, 30, 31]],
    ["a,ctrl-A,~", [97, 1, 126]],
  ])("%s", (text, keys) => expect([...parseDetachKeys(text)]).toEqual(keys));
  test.each(["", "foo", "ctrl-1", "ctrl-", "a,,b", "é"])("refuses '%s'", (text) => {
    expect(() => parseDetachKeys(text)).toThrow("unknown character");
  });
});

describe("createDetachFilter", () => {
  const type = (...chunks: number[][]) => {
    const filter = createDetachFilter(parseDetachKeys(defaultDetachKeys));
    const passed: number[] = [];
    for (const chunk of chunks) {
      const { bytes, detached } = filter.feed(Uint8Array.from(chunk));
      passed.push(...bytes);
      if (detached) return { passed, detached };
    }
    return { passed, detached: false };
  };
  test.each([
    [[[97, 98]], [97, 98], false],
    [[[16, 17]], [], true],
    [
      [
        [97, 16],
        [17, 98],
      ],
      [97],
      true,
    ],
    [[[16], [98]], [16, 98], false],
    [[[16, 16, 17]], [16], true],
    [[[17, 16]], [17], false],
    [[[16, 97, 16], [97]], [16, 97, 16, 97], false],
  ])("%j", (chunks, passed, detached) => expect(type(...chunks)).toEqual({ passed, detached }));
});
