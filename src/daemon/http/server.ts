import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Engine } from "#engine/engine.ts";
import { errorResponse } from "../answers/error-response.ts";
import { attachPlain, isAttach } from "../streams/attach.ts";
import { isExecStart, startExecPlain } from "../streams/exec.ts";
import { serveUpgrade } from "../streams/upgrade.ts";
import { type Answer, checkTarget, drain, serveRequest } from "./adapter.ts";
import { sendResponse } from "./send-response.ts";

/** Docker's clients send credentials of registries in headers. */
const maxHeaderSize = 256 * 1024;

export interface ApiServer {
  server: Server;
  /** Ends every connection, those handed over to streams too. */
  closeConnections(): void;
}

/** The HTTP server of the API; it does not listen yet. */
export function createApiServer(engine: Engine, answer: Answer): ApiServer {
  const streams = new Set<Duplex>();
  const options = {
    maxHeaderSize,
    // Answers may take weeks, and clients may keep a connection as long: nothing times out.
    keepAliveTimeout: 0,
    requestTimeout: 0,
    headersTimeout: 0,
    // Java's clients ask for `h2c` and are content without.
    shouldUpgradeCallback: ({ headers }: IncomingMessage) => /^(tcp|websocket)$/i.test(headers.upgrade ?? ""),
  };
  const server = createServer(options, (request, response) => {
    void respond(engine, answer, request, response);
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    streams.add(socket);
    socket.once("close", () => streams.delete(socket));
    void serveUpgrade(engine, request, socket, head);
  });
  return {
    server,
    closeConnections() {
      server.closeAllConnections();
      for (const stream of streams) stream.destroy();
    },
  };
}

async function respond(
  engine: Engine,
  answer: Answer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A client that goes before its answer is no failure of the daemon.
  response.on("error", () => {});
  try {
    const exchange = { request, response, target: checkTarget(request) };
    if (isAttach(request.method, exchange.target.path)) await attachPlain(engine.containers, exchange);
    else if (isExecStart(request.method, exchange.target.path))
      await startExecPlain(engine.containers, exchange);
    else await serveRequest(exchange, answer);
  } catch (error) {
    await sendResponse(response, errorResponse(error), request.method === "HEAD");
    drain(request);
  }
}
