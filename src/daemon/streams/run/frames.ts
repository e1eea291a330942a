import { frameHeaderLength } from "#api/streams/frame.ts";
import { frameType } from "#api/streams/run-stream.ts";
import { invalidArgument } from "#support/errors.ts";

/** Maximum number of bytes of a control frame of a client. */
const controlLimit = 64 * 1024;

/** Receives the contents of frames. */
export interface FrameListener {
  /** Called with each chunk of the program's input as it arrives; a frame can have several chunks. */
  input(bytes: Uint8Array): void;
  endInput(): void;
  control(json: string): void;
}

/** Returns a function that decodes the bytes of a client of the run stream; it throws for an invalid frame. */
export function createFrameReader(listener: FrameListener): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  /** Bytes still missing from the current input frame. */
  let missing = 0;
  return (bytes) => {
    let data = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    for (;;) {
      if (missing > 0) {
        const chunk = data.subarray(0, missing);
        if (chunk.length > 0) listener.input(chunk);
        missing -= chunk.length;
        data = data.subarray(chunk.length);
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
    // A copy, so that a small rest does not keep a large buffer in memory.
    rest = Buffer.from(data);
  };
}
