import { expect, test } from "bun:test";
import { once } from "node:events";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { openStream, passOn } from "./stream.ts";

/** Iterating would destroy the stream at its end. */
async function whole(stream: Duplex): Promise<string> {
  let text = "";
  stream.on("data", (bytes) => {
    text += bytes;
  });
  await once(stream, "end");
  return text;
}

test("one direction may end before the other", async () => {
  const { stream, peer } = openStream();
  const options = { fd: peer, path: "", allowHalfOpen: true };
  const other = connect(options);
  stream.end("question");
  expect(await whole(other)).toBe("question");
  other.end("answer");
  expect(await whole(stream)).toBe("answer");
});

test("the stream ends when nobody has the other end any more", async () => {
  const pair = openStream();
  passOn([pair], () => {});
  pair.stream.resume();
  await once(pair.stream, "end");
  pair.stream.destroy();
});

test("nothing is left open when passing on fails", async () => {
  const pair = openStream();
  expect(() =>
    passOn([pair], () => {
      throw new Error("refused");
    }),
  ).toThrow("refused");
  expect(pair.stream.destroyed).toBe(true);
});

test("what is kept after a failure can be passed on again", async () => {
  const pair = openStream();
  const refuse = () => {
    throw new Error("try another");
  };
  expect(() => passOn([pair], refuse, () => true)).toThrow("try another");
  expect(pair.stream.destroyed).toBe(false);
  passOn([pair], () => {});
  pair.stream.resume();
  await once(pair.stream, "end");
  pair.stream.destroy();
});
