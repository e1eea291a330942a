import { encodeFrame } from "#api/streams/frame.ts";
import { TboxError } from "#support/errors.ts";

/** The daemon's end of a launcher's connection. */
export class LauncherConnection {
  readonly #socket: Bun.Socket<unknown>;
  /** Frames that the kernel has not taken. */
  readonly #waiting: Uint8Array[] = [];
  #drained: PromiseWithResolvers<void> | undefined;
  #ending = false;
  #lost = false;
  /** Created for its first user, because most commands need none. */
  #gone: AbortController | undefined;
  /** Called once, when the launcher has closed the connection. */
  onLost = () => {};

  constructor(socket: Bun.Socket<unknown>) {
    this.#socket = socket;
  }

  /** Aborted when the launcher has closed the connection. */
  get gone(): AbortSignal {
    this.#gone ??= new AbortController();
    if (this.#lost) this.#gone.abort();
    return this.#gone.signal;
  }

  /** Sends a frame. Resolves when the connection takes more; rejects when it is lost. */
  send(type: number, payload: Uint8Array): Promise<void> | void {
    if (this.#lost) return Promise.reject(lost());
    if (this.#ending) return;
    const frame = encodeFrame(type, payload);
    const written = this.#waiting.length > 0 ? 0 : this.#socket.write(frame);
    if (written === frame.length) return;
    this.#waiting.push(frame.subarray(Math.max(0, written)));
    this.#drained ??= Promise.withResolvers();
    return this.#drained.promise;
  }

  /** Sends the last frame and closes the connection. */
  end(type: number, payload: Uint8Array): void {
    Promise.resolve(this.send(type, payload)).then(
      () => this.#socket.end(),
      () => {},
    );
    this.#ending = true;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Reports that the kernel takes bytes again. */
  flush(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const written = Math.max(0, this.#socket.write(first));
      if (written < first.length) {
        this.#waiting[0] = first.subarray(written);
        return;
      }
      this.#waiting.shift();
    }
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  /** Reports that the launcher has closed the connection. */
  lose(): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#waiting.length = 0;
    this.#gone?.abort();
    this.onLost();
    this.#drained?.promise.catch(() => {});
    this.#drained?.reject(lost());
    this.#drained = undefined;
  }

  close(): void {
    this.#socket.end();
  }
}

function lost(): TboxError {
  return new TboxError("cancelled", "the caller has disconnected");
}
