import type { LauncherConnection } from "./launcher-connection.ts";

/** Maximum bytes of unread input; a launcher that sends more has to wait. */
const inputLimit = 256 * 1024;

/** Standard input of the user's process, with back-pressure to the launcher's connection. */
export class CallerInput implements AsyncIterable<Uint8Array> {
  readonly #connection: LauncherConnection;
  readonly #waiting: Uint8Array[] = [];
  #size = 0;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(connection: LauncherConnection) {
    this.#connection = connection;
  }

  push(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#size += bytes.length;
    if (this.#size > inputLimit) this.#connection.pause();
    this.#wake?.();
  }

  end(failure?: Error): void {
    this.#ended = true;
    this.#failure = failure;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const bytes = this.#waiting.shift();
      if (bytes !== undefined) {
        this.#size -= bytes.length;
        if (this.#size <= inputLimit / 2) this.#connection.resume();
        yield bytes;
      } else if (this.#failure !== undefined) {
        throw this.#failure;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }
}
