import {
  constants,
  createServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { Duplex } from "node:stream";
import { openLog } from "#support/log.ts";
import { allSent, nextTurn, readMessages, sendMessage } from "./frames.ts";
import { GrpcError, statusCode, toGrpcError, trailersOf } from "./grpc-error.ts";
import type { Services } from "./service.ts";

const log = openLog("buildkit");

/** A gRPC server without a listener of its own. */
export interface GrpcServer {
  /** Serves a connection that uses HTTP/2 from its first byte. */
  serve(connection: Duplex): void;
}

/** Maximum number of open calls of a connection. Clients that know it wait; further calls are refused. */
const mostCalls = 256;
/** Number of refused calls after which a connection is closed. */
const mostRefused = 1000;

export function createGrpcServer(services: Services): GrpcServer {
  const server = createServer({ settings: { maxConcurrentStreams: mostCalls } });
  const admit = openAdmission();
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    if (admit(stream)) void serveStream(services, stream, headers);
  });
  server.on("session", (session) => session.on("error", (error) => log.debug(() => `connection: ${error}`)));
  server.on("sessionError", (error) => log.debug(() => `connection: ${error}`));
  return { serve: (connection) => void server.emit("connection", connection) };
}

/** Returns a function that refuses calls beyond the limits of their connection. */
function openAdmission(): (stream: ServerHttp2Stream) => boolean {
  const counts = new WeakMap<Http2Session, { open: number; refused: number }>();
  return (stream) => {
    const { session } = stream;
    if (!session || session.destroyed) return false;
    const count = counts.get(session) ?? { open: 0, refused: 0 };
    counts.set(session, count);
    if (count.open < mostCalls) {
      count.open++;
      stream.once("close", () => count.open--);
      return true;
    }
    stream.on("error", () => {});
    stream.close(constants.NGHTTP2_REFUSED_STREAM);
    count.refused++;
    if (count.refused > mostRefused) session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    return false;
  };
}

async function serveStream(
  services: Services,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): Promise<void> {
  const gone = new AbortController();
  stream.on("error", () => {});
  stream.once("close", () => gone.abort(new GrpcError(statusCode.cancelled, "the client ended the call")));
  const path = String(headers[":path"]);
  let failure: GrpcError | undefined;
  stream.on("wantTrailers", () => stream.sendTrailers(trailersOf(failure)));
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  try {
    const handler = services.get(path);
    if (!handler) throw new GrpcError(statusCode.unimplemented, `unknown method ${path}`);
    await handler({
      metadata: headers,
      signal: gone.signal,
      messages: readMessages(stream),
      send: (message) => sendMessage(stream, message),
    });
  } catch (error) {
    failure = toGrpcError(error);
    if (!gone.signal.aborted) log.debug(() => `${path}: ${failure?.message}`);
  }
  await Promise.all([nextTurn(), allSent(stream)]);
  // The rest of the client's data must be read, so that its connection can be used for other calls.
  stream.resume();
  if (!stream.destroyed) stream.end();
}
