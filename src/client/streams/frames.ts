import { frameHeaderLength } from "#api/streams/frame.ts";
import { TboxError } from "#support/errors.ts";

/** A piece of a frame: pieces of one frame come in order, unless the decoder was told to join them. */
export interface Piece {
  type: number;
  bytes: Uint8Array;
}

export interface FrameDecoder {
  /** What the next bytes of the stream complete or continue. */
  push(bytes: Uint8Array): Piece[];
  /** The stream has ended; inside a frame that is an error. */
  end(): void;
}

/**
 * Takes a stream of frames apart without waiting for the end of a frame; only frames of the type `joined`
 * come in one piece.
 */
export function createFrameDecoder(joined?: number): FrameDecoder {
  let rest: Uint8Array = new Uint8Array(0);
  let type = 0;
  let missing = 0;
  return {
    push(bytes) {
      rest = rest.length === 0 ? bytes : join(rest, bytes);
      const pieces: Piece[] = [];
      for (;;) {
        if (missing === 0) {
          if (rest.length < frameHeaderLength) return pieces;
          type = rest[0] ?? 0;
          missing = new DataView(rest.buffer, rest.byteOffset).getUint32(4);
          rest = rest.subarray(frameHeaderLength);
        }
        if (type === joined ? rest.length < missing : missing > 0 && rest.length === 0) return pieces;
        const piece = rest.subarray(0, missing);
        rest = rest.subarray(piece.length);
        missing -= piece.length;
        if (piece.length > 0) pieces.push({ type, bytes: piece });
      }
    },
    end() {
      if (missing === 0 && rest.length === 0) return;
      throw new TboxError("unavailable", "the connection to the daemon ended in the middle of a message");
    },
  };
}

/** The pieces of a stream of frames, as they come. */
export async function* decodeFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Piece, void, void> {
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
