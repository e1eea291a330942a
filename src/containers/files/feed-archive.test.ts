import { expect, test } from "bun:test";
import { read } from "node:fs";
import { promisify } from "node:util";
import { streamOf } from "#support/streams.ts";
import { feedArchive } from "./feed-archive.ts";

test("an archive that waits often for its reader leaves no listeners", async () => {
  const warnings: string[] = [];
  const warn = ({ message }: Error) => void warnings.push(message);
  process.on("warning", warn);
  // Greater than the buffer of the socket, so each chunk waits.
  const chunk = Buffer.alloc(1024 * 1024);
  let received = 0;
  await feedArchive(streamOf(repeat(chunk, 20)), async (source) => {
    const buffer = Buffer.alloc(chunk.length);
    for (;;) {
      const { bytesRead } = await promisify(read)(source, buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      received += bytesRead;
    }
  });
  // Warnings arrive in the next turn of the event loop.
  await Bun.sleep(0);
  process.off("warning", warn);
  expect(received).toBe(20 * chunk.length);
  expect(warnings).toEqual([]);
});

async function* repeat(chunk: Uint8Array, count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) yield chunk;
}
