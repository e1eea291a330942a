import type { Readable } from "node:stream";

/** End of a log at the moment when a client was attached. */
export interface LogEnd {
  /** Inode of the newest file. */
  inode: bigint;
  /** Length of that file in bytes. */
  size: number;
}

/** Length of the head of a stream that continues a log. */
const headLength = 16;

/**
 * Reads the head of a stream that continues a log; the stream stays paused after it. Returns undefined if there is no log, or
 * if the stream ended.
 */
export async function readLogEnd(stream: Readable): Promise<LogEnd | undefined> {
  const head = await readHead(stream);
  const inode = head?.readBigUInt64LE(0) ?? 0n;
  return head === undefined || inode === 0n ? undefined : { inode, size: Number(head.readBigUInt64LE(8)) };
}

async function readHead(stream: Readable): Promise<Buffer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
  const chunks: Buffer[] = [];
  const receive = (chunk: Buffer) => {
    chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    if (bytes.length < headLength) return;
    stream.pause();
    if (bytes.length > headLength) stream.unshift(bytes.subarray(headLength));
    resolve(bytes.subarray(0, headLength));
  };
  const end = () => resolve(undefined);
  stream.on("data", receive).once("end", end).once("close", end).once("error", reject);
  try {
    return await promise;
  } finally {
    stream.off("data", receive).off("end", end).off("close", end).off("error", reject);
  }
}
