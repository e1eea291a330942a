import type { Http2Stream } from "node:http2";
import type { Readable } from "node:stream";
import { GrpcError, statusCode } from "./grpc-error.ts";
import { admit } from "./send-limit.ts";

/** Bytes before each message: a flag for compression and the length. */
const prefixLength = 5;
/** Maximum size of a message in bytes, as in BuildKit. */
const mostBytes = 16 * 1024 * 1024;

/** Returns a message with its prefix. */
function frameOf(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(prefixLength + message.length);
  frame.writeUInt8(0, 0);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, prefixLength);
  return frame;
}

/** Messages of a stream that are about to be written together. */
const outgoing = new WeakMap<Http2Stream, { frames: Buffer[]; sent: Promise<void> }>();

/** The last write of a stream; it is settled when the peer accepts more. */
const writes = new WeakMap<Http2Stream, Promise<void>>();

/**
 * Sends a message; resolves when the peer accepts more. Bun loses a write of HTTP/2 that happens while it handles a frame
 * of another connection, so messages are written in a later turn of the event loop.
 */
export function sendMessage(stream: Http2Stream, message: Uint8Array): Promise<void> {
  const frame = frameOf(message);
  const waiting = outgoing.get(stream);
  if (waiting) {
    waiting.frames.push(frame);
    return waiting.sent;
  }
  const frames = [frame];
  const sent = Promise.all([nextTurn(), allSent(stream)]).then(() => {
    outgoing.delete(stream);
    return write(stream, Buffer.concat(frames));
  });
  outgoing.set(stream, { frames, sent });
  writes.set(stream, sent);
  return sent;
}

/** Resolves when all messages of a stream are written, or cannot be written. */
export async function allSent(stream: Http2Stream): Promise<void> {
  await writes.get(stream)?.catch(() => {});
}

/** Resolves in a later turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function write(stream: Http2Stream, data: Buffer): Promise<void> {
  for (let start = 0; start < data.length; ) {
    const end = start + (stream.session ? await admit(stream.session, data.length - start) : data.length);
    await writePart(stream, data.subarray(start, end));
    start = end;
  }
}

async function writePart(stream: Http2Stream, data: Buffer): Promise<void> {
  if (stream.destroyed || stream.writableEnded) {
    throw new GrpcError(statusCode.unavailable, "the connection is closed");
  }
  if (stream.write(data)) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      stream.off("drain", done);
      stream.off("close", done);
      resolve();
    };
    stream.once("drain", done);
    stream.once("close", done);
  });
}

/** Bytes that are received before the sender has to wait. */
const mostPending = 1024 * 1024;

/**
 * Returns the messages of a stream, which is read from now on. A reader that stops early does not end the stream. A
 * stream that closes without an end has ended, too: peers may reset a call after its last message.
 */
export function readMessages(stream: Readable): AsyncGenerator<Buffer> {
  const chunks = openChunks();
  let ended = stream.readableEnded || stream.destroyed;
  let wake = Promise.withResolvers<void>();
  const end = () => {
    ended = true;
    wake.resolve();
  };
  stream.on("data", (chunk: Buffer) => {
    chunks.add(chunk);
    if (chunks.size() > mostPending) stream.pause();
    wake.resolve();
  });
  for (const event of ["end", "close", "error"]) stream.once(event, end);
  return (async function* () {
    for (;;) {
      wake = Promise.withResolvers();
      for (let message = chunks.take(); message !== undefined; message = chunks.take()) yield message;
      if (ended && !chunks.complete()) break;
      if (stream.isPaused()) stream.resume();
      if (!ended && !chunks.complete()) await wake.promise;
    }
    if (chunks.incomplete()) throw new GrpcError(statusCode.internal, "the stream ended inside a message");
  })();
}

/** Opens a buffer that cuts received bytes into messages. Each byte is copied at most twice, however many chunks wait. */
function openChunks() {
  const chunks: Buffer[] = [];
  let size = 0;
  let wanted: number | undefined;
  /** Removes bytes from the front. */
  const cut = (length: number): Buffer => {
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0; ) {
      const first = chunks[0] ?? Buffer.alloc(missing);
      if (first.length <= missing) chunks.shift();
      else chunks[0] = first.subarray(missing);
      parts.push(first.subarray(0, missing));
      missing -= Math.min(missing, first.length);
    }
    size -= length;
    const [only] = parts;
    return parts.length === 1 && only ? only : Buffer.concat(parts);
  };
  const complete = () => {
    if (wanted === undefined && size >= prefixLength) wanted = lengthOf(cut(prefixLength));
    return wanted !== undefined && size >= wanted;
  };
  return {
    /** Tests whether there are bytes of an incomplete message. */
    incomplete: () => size > 0 || wanted !== undefined,
    size: () => size,
    add(chunk: Buffer) {
      chunks.push(chunk);
      size += chunk.length;
    },
    /** Tests whether a complete message was received. */
    complete,
    take(): Buffer | undefined {
      if (!complete() || wanted === undefined) return undefined;
      const message = cut(wanted);
      wanted = undefined;
      return message;
    },
  };
}

function lengthOf(head: Buffer): number {
  if (head[0] !== 0) throw new GrpcError(statusCode.unimplemented, "compressed messages are not supported");
  const length = head.readUInt32BE(1);
  if (length > mostBytes) {
    throw new GrpcError(
      statusCode.resourceExhausted,
      `a message of ${length} bytes exceeds ${mostBytes} bytes`,
    );
  }
  return length;
}
