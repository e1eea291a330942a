import { expect, test } from "bun:test";
import { once } from "node:events";
import { Duplex, PassThrough } from "node:stream";
import { joinStreams } from "./join.ts";
import { openRunClient } from "./run/run-client.ts";

/** A container's stream that ended while nobody was listening yet. */
async function endedStream(): Promise<Duplex> {
  const stream = new PassThrough({ allowHalfOpen: true });
  stream.resume().end();
  await once(stream, "close");
  return stream;
}

function openSocket(): Duplex {
  return new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
}

test("the output of a run that ended before it was copied has been copied", async () => {
  const client = openRunClient(openSocket());
  expect(await client.copyOutput(await endedStream())).toBeUndefined();
});

test("the stream of a client that went before it was joined is closed", async () => {
  const output = openSocket().destroy();
  await once(output, "close");
  const stream = openSocket();
  joinStreams({ output }, stream);
  expect(stream.destroyed).toBe(true);
});

test("the client of a stream that broke before it was joined hears of the end", async () => {
  const output = openSocket();
  const stream = openSocket().destroy();
  await once(stream, "close");
  joinStreams({ output }, stream);
  await once(output, "finish");
  expect(output.writableFinished).toBe(true);
});
