import { frameHeaderLength, payloadLength } from "#api/streams/frame.ts";
import { TboxError } from "#support/errors.ts";

/** A chunk of a frame's payload. Chunks of one frame are in order. */
export interface FrameChunk {
  type: number;
  bytes: Uint8Array;
}

export interface FrameDecoder {
  /** Returns the chunks in the next bytes of the stream. */
  push(bytes: Uint8Array): FrameChunk[];
  /** Reports the end of the stream; throws for an end inside a frame. */
  end(): void;
}

/** Returns a decoder that passes on parts of a frame at once, but joins the parts of frames of the type `joined`. */
export function createFrameDecoder(joined?: number): FrameDecoder {
  let rest: Uint8Array = new Uint8Array(0);
  let type = 0;
  let missing = 0;
  return {
    push(bytes) {
      rest = rest.length === 0 ? bytes : join(rest, bytes);
      const chunks: FrameChunk[] = [];
      for (;;) {
        if (missing === 0) {
          if (rest.length < frameHeaderLength) return chunks;
          type = rest[0] ?? 0;
          missing = payloadLength(rest);
          rest = rest.subarray(frameHeaderLength);
        }
        if (type === joined ? rest.length < missing : missing > 0 && rest.length === 0) return chunks;
        const chunk = rest.subarray(0, missing);
        rest = rest.subarray(chunk.length);
        missing -= chunk.length;
        if (chunk.length > 0) chunks.push({ type, bytes: chunk });
      }
    },
    end() {
      if (missing === 0 && rest.length === 0) return;
      throw new TboxError("unavailable", "the connection to the daemon ended in the middle of a message");
    },
  };
}

/** Yields the chunks of a stream of frames as they arrive. */
export async function* decodeFrames(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<FrameChunk, void, void> {
  const decoder = createFrameDecoder();
  for await (const bytes of source) yield* decoder.push(bytes);
  decoder.end();
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
