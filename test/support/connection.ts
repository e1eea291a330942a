import { connect } from "node:net";

/** A raw connection: the test writes and reads the bytes itself. */
export interface Connection extends Disposable {
  write(text: string): void;
  writeBytes(bytes: Uint8Array): void;
  /** Resolves when the written bytes were sent, or the connection has ended. */
  flushed(): Promise<void>;
  /** Closes the writing side only. */
  endWriting(): void;
  /** Stops reading, so that received data accumulates. */
  pause(): void;
  resume(): void;
  /** Resolves with the received data once it contains the text; throws when the connection ends before. */
  until(text: string): Promise<Buffer>;
  /** Returns the data received so far. */
  received(): Buffer;
  /** Resolves with all received data when the peer has closed its side. */
  ended: Promise<Buffer>;
}

export async function openConnection(path: string): Promise<Connection> {
  const socket = connect({ path, allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve).once("error", reject);
  });
  const chunks: Buffer[] = [];
  const watchers = new Set<() => void>();
  const finished = Promise.withResolvers<Buffer>();
  let over = false;
  const notify = () => {
    for (const watch of watchers) watch();
  };
  const finish = () => {
    over = true;
    finished.resolve(Buffer.concat(chunks));
    notify();
  };
  socket.on("data", (bytes: Buffer) => {
    chunks.push(bytes);
    notify();
  });
  socket.on("end", finish).on("close", finish).on("error", finish);
  return {
    write: (text) => void socket.write(text),
    writeBytes: (bytes) => void socket.write(bytes),
    flushed: async () => {
      if (!socket.writableNeedDrain) return new Promise((resolve) => setImmediate(resolve));
      await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), finished.promise]);
    },
    endWriting: () => void socket.end(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    received: () => Buffer.concat(chunks),
    ended: finished.promise,
    until: (text) =>
      new Promise((resolve, reject) => {
        const watch = () => {
          const data = Buffer.concat(chunks);
          if (!data.includes(text) && !over) return;
          watchers.delete(watch);
          if (data.includes(text)) resolve(data);
          else reject(new Error(`the connection ended without ${JSON.stringify(text)}: ${data}`));
        };
        watchers.add(watch);
        watch();
      }),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

/** Sends one request with the given head and returns everything until the end of the connection. */
export async function exchange(path: string, request: string): Promise<string> {
  using connection = await openConnection(path);
  connection.write(request);
  return (await connection.ended).toString();
}
