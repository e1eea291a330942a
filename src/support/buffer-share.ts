/** Buffer memory of one stream, returned on disposal. */
export interface BufferShare extends Disposable {
  readonly bytes: number;
}

/** Number of streams that may have buffers of the size that they ask for. */
const mostLarge = 16;

/** Bytes of the buffers of any further stream. */
const small = 8 * 1024;

let large = 0;

/**
 * Returns the buffer memory for a stream: the wanted bytes for a few streams at the same time, and little for all others.
 * So a thousand clients that do not read cost a few mebibytes, and one client is served at full speed.
 */
export function takeBufferShare(wanted: number): BufferShare {
  if (wanted <= small || large >= mostLarge) return { bytes: Math.min(small, wanted), [Symbol.dispose]() {} };
  large++;
  let held = true;
  return {
    bytes: wanted,
    [Symbol.dispose]() {
      if (held) large--;
      held = false;
    },
  };
}
