/** Types of frames (RFC 9113, section 6). */
export const frameType = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  windowUpdate: 8,
  continuation: 9,
};

/** Bytes with which a client begins. */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Parts of a frame. Nothing is checked, because tests also write malformed frames. */
export interface Frame {
  type: number;
  flags?: number;
  stream?: number;
  payload?: Uint8Array;
  /** Length in the header; default: that of the payload. */
  length?: number;
}

/** Flag of HEADERS and CONTINUATION: no further fields follow. */
export const endHeaders = 4;

/** Returns the bytes of a frame. */
export function frame({ type, flags = 0, stream = 0, payload = new Uint8Array(), length }: Frame): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length ?? payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Returns header fields without compression (RFC 7541, section 6.2.2). */
export function headerFields(fields: Record<string, string>): Buffer {
  const literals = Object.entries(fields).map(([name, value]) =>
    Buffer.concat([Buffer.of(0), text(name), text(value)]),
  );
  return Buffer.concat(literals);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
  return Buffer.concat([Buffer.of(...length, rest), bytes]);
}
