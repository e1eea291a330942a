import { createServer, type Server, type Socket } from "node:net";
import { temporaryDirectory } from "./temp.ts";

/** A Unix socket path, and a server that a test starts there. */
export interface UnixServer extends Disposable {
  readonly path: string;
  serve(handler: (socket: Socket) => void): Promise<void>;
  /** Stops listening, which removes the socket. */
  close(): void;
}

/** Reserves a path for a server whose connections may be half-closed. */
export function openUnixServer(): UnixServer {
  const directory = temporaryDirectory("test");
  const path = `${directory.path}/s.sock`;
  let server: Server | undefined;
  const close = () => void server?.close();
  return {
    path,
    async serve(handler) {
      const listening = createServer({ allowHalfOpen: true }, handler);
      server = listening;
      await new Promise<void>((resolve) => listening.listen(path, resolve));
    },
    close,
    [Symbol.dispose]() {
      close();
      directory[Symbol.dispose]();
    },
  };
}

/** Reads a source to its end and returns its text. */
export async function readAll(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
