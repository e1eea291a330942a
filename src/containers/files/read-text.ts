import type { Duplex } from "node:stream";

/** Reads a stream to its end. */
export async function readText(stream: Duplex): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
