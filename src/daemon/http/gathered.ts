import { takeBufferShare } from "#support/buffer-share.ts";
import { release } from "./streamed.ts";

/** Bytes of a batch, before the last chunk. */
const batchSize = 64 * 1024;

/** Joins chunks that are available without waiting, so that many small chunks cost one write. */
export async function* gathered(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const chunks = source[Symbol.asyncIterator]();
  using share = takeBufferShare(batchSize);
  const batches = new BatchReader(chunks, share.bytes);
  try {
    for (;;) {
      const batch = await batches.take();
      if (batch === undefined) return;
      yield batch;
    }
  } finally {
    release(chunks);
  }
}

class BatchReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #limit: number;
  #batch: Uint8Array[] = [];
  #size = 0;
  #filling = false;
  #ended = false;
  #error: unknown;
  #wake = () => {};

  constructor(chunks: AsyncIterator<Uint8Array>, limit: number) {
    this.#chunks = chunks;
    this.#limit = limit;
  }

  /** Returns all available chunks, at least one; undefined at the end. Throws the source's error. */
  async take(): Promise<Uint8Array | undefined> {
    if (!this.#filling && !this.#ended) void this.#fill();
    if (this.#batch.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    // Chunks that need no waiting arrive before the next turn of the event loop.
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
      while (this.#size < this.#limit && !this.#ended) {
        const { done, value } = await this.#chunks.next();
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
