import type { Socket } from "node:net";
import { TboxError } from "#support/errors.ts";

/** The next bytes of a socket, which is left paused. */
export function nextChunk(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (action: () => void) => {
      socket.pause();
      socket.off("data", data).off("close", closed).off("error", closed);
      action();
    };
    const data = (chunk: Buffer) => settle(() => resolve(chunk));
    const closed = () => settle(() => reject(new TboxError("unavailable", "the connection closed")));
    socket.on("data", data).on("close", closed).on("error", closed);
    socket.resume();
  });
}
