import { frameHeaderLength } from "#api/streams/frame.ts";
import { frameType } from "#api/streams/run-stream.ts";
import { invalidArgument } from "#support/errors.ts";

/** Longest control frame of a client. */
const controlLimit = 64 * 1024;

export interface FrameListener {
  /** A piece of the program's input, as it comes; not the whole frame. */
  input(bytes: Uint8Array): void;
  endInput(): void;
  control(json: string): void;
}

/** Takes apart what a client of the run stream sends. Throws invalid-argument for what is no frame. */
export function createFrameReader(listener: FrameListener): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  /** Bytes of an input frame that are still to come. */
  let missing = 0;
  return (bytes) => {
    let data = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    for (;;) {
      if (missing > 0) {
        const piece = data.subarray(0, missing);
        if (piece.length > 0) listener.input(piece);
        missing -= piece.length;
        data = data.subarray(piece.length);
      }
      if (missing > 0 || data.length < frameHeaderLength) break;
      const type = data.readUInt8(0);
      const length = data.readUInt32BE(4);
      if (type === frameType.stdin) {
        data = data.subarray(frameHeaderLength);
        missing = length;
        if (length === 0) listener.endInput();
      } else if (type === frameType.control && length <= controlLimit) {
        const end = frameHeaderLength + length;
        if (data.length < end) break;
        listener.control(data.toString("utf8", frameHeaderLength, end));
        data = data.subarray(end);
      } else {
        throw invalidArgument(`invalid frame of type ${type} with ${length} bytes`);
      }
    }
    // A copy, lest a small rest keep a large piece in memory.
    rest = Buffer.from(data);
  };
}
