import { describe, expect, test } from "bun:test";
import { encodeFrame } from "#api/streams/frame.ts";
import { createFrameDecoder, decodeFrames } from "./frames.ts";

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const payloads: [number, string][] = [
  [1, "out"],
  [3, '{"event":"started"}'],
  [2, "é"],
  [1, "x".repeat(1000)],
];
const stream = Buffer.concat(payloads.map(([type, text]) => encodeFrame(type, Buffer.from(text))));

test("a frame has a type, three zero bytes, a length and a payload", () => {
  expect([...encodeFrame(2, Buffer.from("hi"))]).toEqual([2, 0, 0, 0, 0, 0, 0, 2, 104, 105]);
  expect([...encodeFrame(0, new Uint8Array(0))]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
});

describe.each([1, 3, 7, 8, 9, 100, 100_000])("a stream split every %d bytes", (size) => {
  test("is decoded completely", async () => {
    const texts: [number, string][] = [];
    const decoder = createFrameDecoder(3);
    const pieces = (await Array.fromAsync(chunked(stream, size))).flatMap((chunk) => decoder.push(chunk));
    decoder.end();
    for (const { type, bytes } of pieces) {
      const last = texts.at(-1);
      const piece = Buffer.from(bytes).toString("latin1");
      if (last?.[0] === type && type !== 3) last[1] += piece;
      else texts.push([type, piece]);
    }
    expect(texts.map(([type, text]) => [type, Buffer.from(text, "latin1").toString()])).toEqual(payloads);
  });
});

test("chunks of output are passed on before their frame is complete", async () => {
  const cut = encodeFrame(1, Buffer.from("abcdef")).subarray(0, 11);
  const pieces = decodeFrames(chunked(cut, 100));
  expect(Buffer.from((await pieces.next()).value?.bytes ?? []).toString()).toBe("abc");
});

test.each([3, 11])("a stream that ends after %d bytes of a frame fails", async (length) => {
  const pieces = decodeFrames(chunked(encodeFrame(1, Buffer.from("abcdef")).subarray(0, length), 100));
  const all = async () => {
    for await (const _ of pieces);
  };
  await expect(all()).rejects.toThrow("ended in the middle of a message");
});
