import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Engine } from "#engine/engine.ts";
import { openLog } from "#support/log.ts";
import { commonHeaders } from "../answers/common-headers.ts";
import { errorResponse } from "../answers/error-response.ts";
import { type Application, serveRequest } from "../http/adapter.ts";
import { drain } from "../http/request-body.ts";
import { sendResponse } from "../http/send-response.ts";
import { parseApiTarget, versionHeader } from "../requests/api-target.ts";
import { answerArchiveStat, isArchiveStat } from "../routes/archive-stat.ts";
import { attachPlain, isAttach } from "../streams/attach.ts";
import type { LoadBuildKit } from "../streams/buildkit.ts";
import { isExecStart, startExecPlain } from "../streams/exec.ts";
import { serveUpgrade } from "./serve-upgrade.ts";

const log = openLog("api");

/** Docker's clients send registry credentials in headers. */
const maxHeaderSize = 256 * 1024;

/** Request headers that routes read. */
const requestHeaders = ["content-type", "content-length", "x-registry-auth", "x-registry-config"];

export interface ApiServer {
  server: Server;
  /** Closes every connection, upgraded ones too. */
  closeConnections(): void;
  /** Returns the number of open connections, with the upgraded ones. */
  countConnections(): number;
}

/** Creates the HTTP server of the API; the caller makes it listen. */
export function createApiServer(
  engine: Engine,
  answer: Application["answer"],
  loadBuildKit: LoadBuildKit,
): ApiServer {
  const application = { answer, refuse: errorResponse, requestHeaders, responseHeaders: commonHeaders };
  const streams = new Set<Duplex>();
  const options = {
    maxHeaderSize,
    // An answer may take weeks, and a client may keep its connection as long: nothing times out.
    keepAliveTimeout: 0,
    requestTimeout: 0,
    headersTimeout: 0,
    // Java's clients offer `h2c` for any request and accept an answer without it.
    shouldUpgradeCallback: ({ headers: { upgrade = "" }, url = "" }: IncomingMessage) =>
      /^(?:tcp|websocket)$/i.test(upgrade) || (/^h2c$/i.test(upgrade) && /\/(?:grpc|session)$/.test(url)),
  };
  const server = createServer(options, (request, response) => {
    void respond(engine, application, request, response);
  });
  // A client that has sent its request may close its side at once and still read the answer.
  Object.assign(server, { httpAllowHalfOpen: true });
  const connections = new Set<Duplex>();
  server.on("connection", (socket: Duplex) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    log.debug(() => `${request.method} ${pathOf(request)} asks for an upgrade`);
    streams.add(socket);
    socket.once("close", () => streams.delete(socket));
    void serveUpgrade(engine, { request, socket, head }, loadBuildKit);
  });
  return {
    server,
    countConnections: () => connections.size,
    closeConnections() {
      server.closeAllConnections();
      for (const stream of streams) stream.destroy();
    },
  };
}

async function respond(
  engine: Engine,
  application: Application,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A client that closes the connection early is not a failure of the daemon.
  response.on("error", () => {});
  const started = performance.now();
  try {
    const target = parseApiTarget(request);
    const exchange = { request, response, target };
    if (isAttach(request.method, target.path)) await attachPlain(engine.containers, exchange);
    else if (isExecStart(request.method, target.path)) await startExecPlain(engine.containers, exchange);
    else if (isArchiveStat(request.method, target.path)) await answerArchiveStat(engine.containers, exchange);
    else await serveRequest(exchange, application, { [versionHeader]: String(target.version) });
  } catch (error) {
    const headOnly = request.method === "HEAD";
    await sendResponse(response, errorResponse(error), { headers: commonHeaders, headOnly });
    drain(request);
  }
  log.debug(() => {
    const milliseconds = Math.round(performance.now() - started);
    return `${request.method} ${pathOf(request)} ${response.statusCode} in ${milliseconds} ms`;
  });
}

/** Returns the path of a request without the query, which may contain secrets. */
function pathOf({ url = "" }: IncomingMessage): string {
  return url.replace(/\?.*/s, "");
}
