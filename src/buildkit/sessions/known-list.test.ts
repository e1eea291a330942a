import { expect, test } from "bun:test";
import { compareList, type FileList } from "./known-list.ts";

const packetOf = (text: string) => new Uint8Array(Buffer.from(text));
const textOf = (packet: Uint8Array) => Buffer.from(packet).toString();

/** Reads a list; returns the packets that a receiver has to take, and the list for the next time. */
function read(texts: string[], earlier?: FileList) {
  const comparison = compareList(earlier);
  const taken: string[] = [];
  const release = () => {
    for (const packet of comparison.release()) taken.push(textOf(packet));
  };
  for (const text of texts) {
    const packet = packetOf(text);
    if (comparison.matches(packet)) continue;
    release();
    comparison.add(packet);
    taken.push(text);
  }
  const known = comparison.isKnown();
  if (!known) release();
  return { taken, known, list: comparison.list() };
}

test("the packets of an equal list are not taken", () => {
  const { taken, list } = read(["a", "bc", "d"]);
  expect(taken).toEqual(["a", "bc", "d"]);
  const again = read(["a", "bc", "d"], list);
  expect(again).toMatchObject({ taken: [], known: true });
  expect(read(["a", "bc", "d"], again.list).known).toBe(true);
});

test.each([
  ["a changed packet", ["a", "bX", "d"]],
  ["a packet more at the end", ["a", "bc", "d", "e"]],
  ["a packet less at the end", ["a", "bc"]],
  ["a packet less at the start", ["bc", "d"]],
  ["no packet", []],
])("all packets of a list with %s are taken", (_, texts) => {
  const { list } = read(["a", "bc", "d"]);
  const second = read(texts, list);
  expect(second).toMatchObject({ taken: texts, known: false });
  expect(read(texts, second.list)).toMatchObject({ taken: [], known: true });
});

test("a list that is too long is not kept", () => {
  const packet = "x".repeat(1024 * 1024);
  expect(read(Array.from({ length: 9 }, () => packet)).list).toBeUndefined();
  expect(read(Array.from({ length: 7 }, () => packet)).list?.length).toBe(7 * (1024 * 1024 + 4));
});
