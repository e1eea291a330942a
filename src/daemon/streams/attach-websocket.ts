import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { createWebSocketStream, WebSocketServer } from "ws";
import type { Containers } from "#containers/containers.ts";
import type { Target } from "../http/target.ts";
import { openAttachment } from "./attach.ts";
import { joinStreams } from "./join.ts";

const path = /^\/containers\/([^/]+)\/attach\/ws$/;

/** Reports whether a request is `GET /containers/{id}/attach/ws`. */
export function isWebSocketAttach(method: string | undefined, target: string): boolean {
  return method === "GET" && path.test(target);
}

const server = new WebSocketServer({ noServer: true, perMessageDeflate: false });

/** Attaches a WebSocket client: messages in both directions are chunks of raw streams, with stdout and stderr mixed. */
export async function attachWebSocket(
  containers: Pick<Containers, "queries" | "streams">,
  target: Target,
  { request, socket, head }: { request: IncomingMessage; socket: Duplex; head: Buffer },
): Promise<void> {
  const encoded = path.exec(target.path)?.[1] ?? "";
  const attachment = await openAttachment(containers, encoded, target.search, "raw");
  const { stream, stdin, mediaType: _, ...detaching } = attachment;
  server.handleUpgrade(request, socket, head, (client) => {
    const messages = createWebSocketStream(client);
    joinStreams({ output: messages, ...(stdin ? { input: messages, ...detaching } : {}) }, stream);
    if (!stdin) messages.resume();
  });
}
