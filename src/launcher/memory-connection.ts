import { Duplex } from "node:stream";
import { type ByteSocket, createByteSocket } from "#client/daemon/byte-socket.ts";

/** A connection within this process: the client's side is a `ByteSocket`, the server's side a stream. */
export interface MemoryConnection {
  client: ByteSocket;
  server: Duplex;
}

/** Opens a connection with back-pressure in both directions. */
export function openMemoryConnection(): MemoryConnection {
  /** Continues a write of the server while the client has not read enough. */
  let held: (() => void) | undefined;
  let paused = false;
  let full = false;
  const server: Duplex = new Duplex({
    read() {
      if (!full) return;
      full = false;
      state.flush();
    },
    write(chunk: Uint8Array, _encoding, done) {
      state.received(chunk);
      if (paused) held = () => done();
      else done();
    },
    final(done) {
      state.ended();
      done();
    },
    destroy(error, done) {
      state.ended();
      release();
      done(error);
    },
  });
  const release = () => {
    const done = held;
    held = undefined;
    done?.();
  };
  let finished = false;
  const finish = () => {
    if (finished || server.destroyed) return;
    finished = true;
    server.push(null);
  };
  const { socket, state } = createByteSocket({
    write(chunk) {
      if (server.destroyed) return -1;
      if (full) return 0;
      full = !server.push(chunk);
      return chunk.length;
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      release();
    },
    shutdown: finish,
    end: finish,
  });
  return { client: socket, server };
}
