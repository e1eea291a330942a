import { TboxError } from "#support/errors.ts";

/** A connected unix socket. Iteration reads it until the peer ends its side. */
export interface ByteSocket extends AsyncIterable<Uint8Array> {
  /** Resolves when the kernel has accepted all bytes. Calls may overlap; their bytes are sent in order. */
  write(chunk: Uint8Array): Promise<void>;
  /** Puts bytes back in front of the unread ones. */
  unread(chunk: Uint8Array): void;
  /** Shuts down the sending side once all pending bytes are written; the peer can still send. */
  endWriting(): void;
  close(): void;
}

/** Largest number of unread bytes before reading pauses and the sender has to wait. */
const readAhead = 256 * 1024;

/**
 * Connects to a unix socket; an error has the kernel's code (`ENOENT`, `ECONNREFUSED`, `EACCES`). `check` sees the
 * connection before a byte is sent; its error closes the connection.
 */
export async function connectUnix(
  path: string,
  check: (connection: Bun.Socket) => void = () => {},
): Promise<ByteSocket> {
  const state = new SocketState();
  const connection = await Bun.connect({
    unix: path,
    allowHalfOpen: true,
    socket: {
      binaryType: "uint8array",
      data: (_socket, chunk) => state.received(chunk),
      drain: () => state.flush(),
      end: () => state.ended(),
      close: (_socket, error) => state.ended(error),
      error: (_socket, error) => state.ended(error),
    },
  });
  try {
    check(connection);
  } catch (error) {
    connection.terminate();
    throw error;
  }
  state.socket = connection;
  return state;
}

/** A connection below a `ByteSocket`. */
export interface Transport {
  /** Returns the number of accepted bytes, or -1 after the end of the connection. */
  write(chunk: Uint8Array): number;
  pause(): void;
  resume(): void;
  /** Ends the sending side. */
  shutdown(): void;
  end(): void;
}

/** Receiver of a connection's events. */
export interface TransportEvents {
  received(chunk: Uint8Array): void;
  /** Reports that the connection accepts bytes again. */
  flush(): void;
  ended(error?: Error): void;
}

/** Returns a `ByteSocket` over a connection, and the receiver of the connection's events. */
export function createByteSocket(transport: Transport): { socket: ByteSocket; state: TransportEvents } {
  const state = new SocketState();
  state.socket = transport;
  return { socket: state, state };
}

interface Outgoing {
  chunk: Uint8Array;
  done: () => void;
  failed: (error: unknown) => void;
}

class SocketState implements ByteSocket {
  socket: Transport | undefined;
  readonly #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  #paused = false;
  #ended = false;
  #closed = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;
  readonly #outgoing: Outgoing[] = [];
  #endWhenWritten = false;

  received(chunk: Uint8Array): void {
    if (this.#closed) return;
    this.#unread.push(chunk);
    this.#unreadBytes += chunk.length;
    if (this.#unreadBytes > readAhead && !this.#paused) {
      this.#paused = true;
      this.socket?.pause();
    }
    this.#wake?.();
  }

  ended(error?: Error): void {
    this.#ended = true;
    this.#error ??= error;
    this.#wake?.();
    if (error === undefined) return;
    for (const { failed } of this.#outgoing.splice(0)) failed(error);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const chunk = this.#unread.shift();
      if (chunk === undefined) {
        if (this.#error)
          throw new TboxError("unavailable", "lost the connection to the daemon", { cause: this.#error });
        if (this.#ended) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
        continue;
      }
      this.#unreadBytes -= chunk.length;
      if (this.#paused && this.#unreadBytes <= readAhead / 2) {
        this.#paused = false;
        this.socket?.resume();
      }
      yield chunk;
    }
  }

  unread(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#unread.unshift(chunk);
    this.#unreadBytes += chunk.length;
  }

  write(chunk: Uint8Array): Promise<void> {
    return new Promise((done, failed) => {
      this.#outgoing.push({ chunk, done, failed });
      if (this.#outgoing.length === 1) this.flush();
    });
  }

  flush(): void {
    for (let first = this.#outgoing[0]; first !== undefined; first = this.#outgoing[0]) {
      const written = this.socket?.write(first.chunk) ?? -1;
      if (written < 0) {
        const lost = new TboxError("unavailable", "the daemon closed the connection");
        for (const { failed } of this.#outgoing.splice(0)) failed(lost);
        return;
      }
      if (written < first.chunk.length) {
        first.chunk = first.chunk.subarray(written);
        return;
      }
      this.#outgoing.shift();
      first.done();
    }
    if (this.#endWhenWritten) this.socket?.shutdown();
  }

  endWriting(): void {
    this.#endWhenWritten = true;
    if (this.#outgoing.length === 0) this.socket?.shutdown();
  }

  close(): void {
    this.#ended = true;
    this.#closed = true;
    // Only the write side is closed, because an abrupt close can lose bytes that the daemon has not read.
    this.socket?.end();
    this.#wake?.();
  }
}
