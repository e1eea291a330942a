import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Engine } from "#engine/engine.ts";
import { openLog } from "#support/log.ts";
import { commonHeaders } from "../answers/common-headers.ts";
import { errorResponse, plainErrorResponse } from "../answers/error-response.ts";
import { type Application, serveRequest } from "../http/adapter.ts";
import { drain, readSmallBody } from "../http/request-body.ts";
import { sendResponse } from "../http/send-response.ts";
import { hasOldVersion, parseApiTarget, versionHeader } from "../requests/api-target.ts";
import { answerArchiveStat, isArchiveStat } from "../routes/archive-stat.ts";
import { attachPlain, isAttach } from "../streams/attach.ts";
import { isBuildKit, type LoadBuildKit } from "../streams/buildkit.ts";
import { isExecStart, startExecPlain } from "../streams/exec.ts";
import { asksForStream, refuseBuildKit, serveUpgrade, type UpgradeExchange } from "./serve-upgrade.ts";
import { connectionTaker } from "./take-connection.ts";

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
    shouldUpgradeCallback: asksForStream,
  };
  const server = createServer(options, (request, response) => {
    void respond(engine, application, { request, response, stream });
  });
  // A client that has sent its request may close its side at once and still read the answer.
  Object.assign(server, { httpAllowHalfOpen: true });
  const connections = new Set<Duplex>();
  const stream = async (exchange: UpgradeExchange) => {
    const { request, socket } = exchange;
    log.debug(() => `${request.method} ${pathOf(request)} asks for an upgrade`);
    streams.add(socket);
    socket.once("close", () => streams.delete(socket));
    // A client that closes the connection early is not a failure of the daemon.
    socket.on("error", () => socket.destroy());
    await serveUpgrade(engine, exchange, loadBuildKit);
  };
  server.on("connection", (socket: Duplex) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    void stream({ request, socket, head });
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

interface Arrival {
  request: IncomingMessage;
  response: ServerResponse;
  /** Serves a request whose connection becomes a stream. */
  stream(exchange: UpgradeExchange): Promise<void>;
}

async function respond(
  engine: Engine,
  application: Application,
  { request, response, stream }: Arrival,
): Promise<void> {
  // A client that closes the connection early is not a failure of the daemon.
  response.on("error", () => {});
  const started = performance.now();
  try {
    const target = parseApiTarget(request);
    const exchange = { request, response, target };
    // Node's server upgrades only connections of requests with `Connection: Upgrade`; Docker does not look at it.
    const take = asksForStream(request) ? connectionTaker(request, response) : undefined;
    if (take !== undefined) {
      const body = await readSmallBody(request);
      await stream({ request, socket: take(), head: Buffer.alloc(0), body });
    } else if (isAttach(request.method, target.path)) await attachPlain(engine.containers, exchange);
    else if (isExecStart(request.method, target.path)) await startExecPlain(engine.containers, exchange);
    else if (isArchiveStat(request.method, target.path)) await answerArchiveStat(engine.containers, exchange);
    else if (isBuildKit(request.method, target.path)) refuseBuildKit(request);
    else await serveRequest(exchange, application, { [versionHeader]: String(target.version) });
  } catch (error) {
    const headOnly = request.method === "HEAD";
    const answer = hasOldVersion(request) ? plainErrorResponse(error) : errorResponse(error);
    await sendResponse(response, answer, { headers: commonHeaders, headOnly });
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
