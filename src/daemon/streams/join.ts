import type { Duplex } from "node:stream";

/**
 * Joins a client's connection with a container's stream until both have ended. The end of what the client
 * sends is the end of the container's input, not the end of the client; when the client is gone, the
 * container's stream is closed.
 */
export function joinStreams(client: Duplex, container: Duplex, stdin: boolean): void {
  client.on("error", () => client.destroy());
  container.on("error", () => container.destroy());
  client.once("close", () => container.destroy());
  container.once("close", () => endClient(client));
  container.pipe(client);
  if (!stdin) client.resume();
  // An end that came before anybody listened is not told again.
  else if (client.readableEnded) container.end();
  else client.pipe(container);
}

/**
 * Ends a connection after what was written to it. What the client still sends is read and dropped: a
 * connection closed with unread bytes looks broken to the client.
 */
export function endClient(client: Duplex): void {
  client.unpipe();
  client.resume();
  client.end();
}
