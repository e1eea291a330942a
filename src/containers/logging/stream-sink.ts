import { once } from "node:events";
import type { Socket } from "node:net";
import { TboxError } from "#support/errors.ts";
import type { LogRecord } from "../streams/logs.ts";
import type { LogSink } from "./log-sink.ts";

/** Waits for the connection of a socket and returns a sink that writes records to it. `event` reports the connection. */
export async function streamSink(
  socket: Socket,
  event: "connect" | "secureConnect",
  format: (record: LogRecord) => Uint8Array,
): Promise<LogSink> {
  let failure: Error | undefined;
  socket.on("error", (error) => {
    failure = error;
  });
  socket.on("close", () => {
    failure ??= new TboxError("unavailable", "the receiver of the log closed the connection");
  });
  // The receiver sends nothing; reading shows when it closes the connection.
  socket.resume();
  await once(socket, event);
  return {
    send: (record) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure);
        socket.write(format(record), (error) => (error ? reject(error) : resolve()));
      }),
    [Symbol.dispose]: () => socket.destroySoon(),
  };
}
