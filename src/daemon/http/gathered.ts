import { release } from "./streamed.ts";

/** Most bytes that are gathered into one piece. */
const limit = 64 * 1024;

/** Joins pieces that come without a wait, so that many small ones cost one write. */
export async function* gathered(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const pieces = source[Symbol.asyncIterator]();
  const gathering = new Gathering(pieces);
  try {
    for (;;) {
      const batch = await gathering.take();
      if (batch === undefined) return;
      yield batch;
    }
  } finally {
    release(pieces);
  }
}

class Gathering {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #batch: Uint8Array[] = [];
  #size = 0;
  #filling = false;
  #ended = false;
  #error: unknown;
  #wake = () => {};

  constructor(pieces: AsyncIterator<Uint8Array>) {
    this.#pieces = pieces;
  }

  /** Everything there is, at least one piece of it; nothing at the end. Throws what the source threw. */
  async take(): Promise<Uint8Array | undefined> {
    if (!this.#filling && !this.#ended) void this.#fill();
    if (this.#batch.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    // What comes without a wait is here before the next turn of the event loop.
    if (this.#filling) await new Promise((resolve) => setImmediate(resolve));
    const batch = this.#batch;
    this.#batch = [];
    this.#size = 0;
    if (batch.length > 0) return batch.length === 1 ? batch[0] : Buffer.concat(batch);
    if (this.#error !== undefined) throw this.#error;
    return undefined;
  }

  async #fill(): Promise<void> {
    this.#filling = true;
    try {
      while (this.#size < limit && !this.#ended) {
        const { done, value } = await this.#pieces.next();
        if (done) this.#ended = true;
        else {
          this.#batch.push(value);
          this.#size += value.length;
        }
        this.#wake();
      }
    } catch (error) {
      this.#ended = true;
      this.#error = error;
    }
    this.#filling = false;
    this.#wake();
  }
}
