/** Bytes of a frame's header: one byte of type, three zero bytes, the length as 32 bits big-endian. */
export const frameHeaderLength = 8;

/** Encodes a frame of Docker's multiplexed streams, or of the run stream. */
export function encodeFrame(type: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frameHeaderLength + payload.length);
  frame[0] = type;
  new DataView(frame.buffer).setUint32(4, payload.length);
  frame.set(payload, frameHeaderLength);
  return frame;
}
