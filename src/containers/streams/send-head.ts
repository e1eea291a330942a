import type { Duplex } from "node:stream";
import { unreadStreams } from "#native/addon/stream.ts";

/** Milliseconds after which the stream begins even if the client has not read the head. */
const patience = 10_000;

/**
 * Sends the head of a stream on a Unix socket and waits until the client has read it. Some clients read all available
 * bytes together with the head and drop those after the head.
 */
export async function sendHead(socket: Duplex, head: string): Promise<void> {
  const before = unreadStreams();
  socket.write(head);
  // The socket's object does not show its descriptor.
  const grown = [...unreadStreams()].find(([number, memory]) => memory > (before.get(number) ?? 0));
  if (grown === undefined) return;
  const start = performance.now();
  while (unreadStreams().has(grown[0]) && !socket.destroyed && performance.now() - start < patience) {
    await Bun.sleep(1);
  }
}
