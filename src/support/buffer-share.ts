/** Buffer memory of one stream, returned on disposal. */
export interface BufferShare extends Disposable {
  readonly bytes: number;
}

/** Number of streams that get buffers of the requested size. */
const mostLarge = 16;

/** Bytes of the buffers of any further stream. */
const small = 8 * 1024;

let large = 0;

/**
 * Returns the buffer memory for a stream: the requested bytes for a few streams at the same time, and little for all
 * others. A thousand clients that do not read cost a few mebibytes, and a single client gets full speed.
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
