import { expect, test } from "bun:test";
import { once } from "node:events";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { openStream, prepareStream, sendPeers } from "./stream.ts";

/** Reads a stream to its end. Iteration would destroy the stream there. */
async function readAll(stream: Duplex): Promise<string> {
  let text = "";
  stream.on("data", (bytes) => {
    text += bytes;
  });
  await once(stream, "end");
  return text;
}

test("one direction of a stream can end before the other", async () => {
  const { stream, peer } = openStream();
  const options = { fd: peer, path: "", allowHalfOpen: true };
  const other = connect(options);
  stream.end("question");
  expect(await readAll(other)).toBe("question");
  other.end("answer");
  expect(await readAll(stream)).toBe("answer");
});

test("a stream ends with its peer", async () => {
  const pair = openStream();
  sendPeers([pair], () => {});
  pair.stream.resume();
  await once(pair.stream, "end");
  pair.stream.destroy();
});

test("a stream that was opened in advance is used once", async () => {
  prepareStream();
  prepareStream();
  const first = openStream();
  const second = openStream();
  expect(first.peer).not.toBe(second.peer);
  for (const pair of [first, second]) {
    sendPeers([pair], () => {});
    pair.stream.resume();
    await once(pair.stream, "end");
  }
});

test("a failed send closes all descriptors", async () => {
  const pair = openStream();
  expect(() =>
    sendPeers([pair], () => {
      throw new Error("refused");
    }),
  ).toThrow("refused");
  expect(pair.stream.destroyed).toBe(true);
});

test("descriptors kept after a failure can be sent again", async () => {
  const pair = openStream();
  const refuse = () => {
    throw new Error("try another");
  };
  expect(() => sendPeers([pair], refuse, () => true)).toThrow("try another");
  expect(pair.stream.destroyed).toBe(false);
  sendPeers([pair], () => {});
  pair.stream.resume();
  await once(pair.stream, "end");
  pair.stream.destroy();
});
