/** Bytes of a frame's header: one byte of type, three zero bytes, the length as 32 bits big-endian. */
export const frameHeaderLength = 8;

/** Encodes a frame of Docker's multiplexed streams, or of the run stream. */
export function encodeFrame(type: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frameHeaderLength + payload.length);
  frame[0] = type;
  // Without a DataView, for which the runtime would move the bytes.
  frame[4] = payload.length >>> 24;
  frame[5] = payload.length >>> 16;
  frame[6] = payload.length >>> 8;
  frame[7] = payload.length;
  frame.set(payload, frameHeaderLength);
  return frame;
}

/** Returns the length of the payload of a frame that starts at the first byte. */
export function payloadLength(frame: Uint8Array): number {
  const byte = (index: number) => frame[index] ?? 0;
  return byte(4) * 2 ** 24 + (byte(5) << 16) + (byte(6) << 8) + byte(7);
}
