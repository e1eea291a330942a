import type { Socket } from "node:net";
import { invalidArgument, TboxError } from "../errors.ts";

/** Longest head of a request, in bytes. */
const longestHead = 64 * 1024;

/** Reads the head of an HTTP request: its lines, and the bytes received after it. Leaves the socket paused. */
export async function readRequestHead(client: Socket): Promise<{ lines: string[]; rest: Buffer }> {
  let read = Buffer.alloc(0);
  for (;;) {
    const end = read.indexOf("\r\n\r\n");
    if (end >= 0) {
      return { lines: read.subarray(0, end).toString("latin1").split("\r\n"), rest: read.subarray(end + 4) };
    }
    if (read.length > longestHead) throw invalidArgument("the head of a request is too long");
    read = Buffer.concat([read, await nextChunk(client)]);
  }
}

function nextChunk(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const finish = (action: () => void) => {
      socket.pause();
      socket.off("data", onData).off("close", onClose).off("error", onClose);
      action();
    };
    const onData = (chunk: Buffer) => finish(() => resolve(chunk));
    const onClose = () => finish(() => reject(new TboxError("unavailable", "the connection closed")));
    socket.on("data", onData).on("close", onClose).on("error", onClose);
    socket.resume();
  });
}
