import type { Duplex, Writable } from "node:stream";

/** Maximum number of bytes of input that wait for a program to start; a client that sends more has to wait. */
const inputLimit = 256 * 1024;

/** Input of a program, kept until the program starts, with back-pressure to the client's socket. */
export class InputQueue {
  readonly #socket: Duplex;
  #waiting: Uint8Array[] = [];
  #size = 0;
  #ended = false;
  #program: Writable | undefined;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  push(bytes: Uint8Array): void {
    if (this.#program === undefined) {
      this.#waiting.push(bytes);
      this.#size += bytes.length;
      if (this.#size > inputLimit) this.#socket.pause();
    } else if (!this.#program.destroyed && !this.#program.writableEnded) {
      if (!this.#program.write(bytes)) this.#socket.pause();
    }
  }

  end(): void {
    this.#ended = true;
    this.#program?.end();
  }

  /** Sends the waiting input, and all input from now on, to a program. */
  open(program: Writable): void {
    this.#program = program;
    const resume = () => this.#socket.resume();
    program.on("drain", resume).once("close", resume);
    for (const bytes of this.#waiting.splice(0)) program.write(bytes);
    if (this.#ended) program.end();
    if (!program.writableNeedDrain) resume();
  }
}
