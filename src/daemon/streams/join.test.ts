import { expect, test } from "bun:test";
import { once } from "node:events";
import { Duplex, PassThrough } from "node:stream";
import { joinStreams } from "./join.ts";
import { openRunClient } from "./run/run-client.ts";

/** Returns a container's stream that ended before it had listeners. */
async function endedStream(): Promise<Duplex> {
  const stream = new PassThrough({ allowHalfOpen: true });
  stream.resume().end();
  await once(stream, "close");
  return stream;
}

function openSocket(): Duplex {
  return new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
}

test("a join copies the output of a program that has already ended", async () => {
  const client = openRunClient(openSocket());
  expect(await client.copyOutput(await endedStream())).toBeUndefined();
});

test("a join closes the stream when the client has disconnected already", async () => {
  const output = openSocket().destroy();
  await once(output, "close");
  const stream = new Duplex({
    read() {},
    destroy: (_error, done) => done(new Error("aborted")),
  });
  joinStreams({ output }, stream);
  expect(stream.destroyed).toBe(true);
  // Without a listener, the error would end the daemon.
  await once(stream, "close").catch(() => {});
  expect(stream.listenerCount("error")).toBe(1);
});

test("a join ends the client when the stream has broken already", async () => {
  const output = openSocket();
  const stream = openSocket().destroy();
  await once(stream, "close");
  joinStreams({ output }, stream);
  await once(output, "finish");
  expect(output.writableFinished).toBe(true);
});
