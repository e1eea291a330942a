import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Engine } from "#engine/engine.ts";
import { TboxError } from "#support/errors.ts";
import { readSmallBody } from "../http/request-body.ts";
import { type ApiTarget, parseApiTarget } from "../requests/api-target.ts";
import { attachUpgraded, isAttach } from "../streams/attach.ts";
import { attachWebSocket, isWebSocketAttach } from "../streams/attach-websocket.ts";
import { isBuildKit, type LoadBuildKit, serveBuildKit } from "../streams/buildkit.ts";
import { isExecStart, startExecUpgraded } from "../streams/exec.ts";
import { serveRun } from "../streams/run/serve-run.ts";
import { refuseUpgrade } from "../streams/upgrade-response.ts";

/** An upgrade request of Node's HTTP server; `head` is the beginning of the stream. */
export interface UpgradeExchange {
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
}

/** Serves a request with `Upgrade: tcp`, `websocket` or `h2c`, whose connection becomes a stream. */
export async function serveUpgrade(
  engine: Engine,
  { request, socket, head }: UpgradeExchange,
  loadBuildKit: LoadBuildKit,
): Promise<void> {
  // A client that closes the connection early is not a failure of the daemon.
  socket.on("error", () => socket.destroy());
  try {
    const target = parseApiTarget(request);
    // The body of an upgrade request precedes the first bytes of the stream.
    const body = await readSmallBody(request);
    if (isWebSocketAttach(request.method, target.path)) {
      return await attachWebSocket(engine.containers, target, { request, socket, head });
    }
    if (head.length > 0) socket.unshift(head);
    const { method, headers } = request;
    if (isBuildKit(method, target.path))
      return await serveBuildKit(loadBuildKit, target.path, request, socket);
    await upgradeTo(engine, { method, target, headers, body }, socket);
  } catch (error) {
    refuseUpgrade(socket, error);
  }
}

/** A request with `Upgrade: tcp` that has been read. */
export interface UpgradeInput {
  method: string | undefined;
  target: ApiTarget;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Serves a request with `Upgrade: tcp` on a connection, from the answer's head on. */
export async function upgradeTo(
  engine: Engine,
  { method, target, headers, body }: UpgradeInput,
  socket: Duplex,
): Promise<void> {
  try {
    if (isAttach(method, target.path)) {
      return await attachUpgraded(engine.containers, target, headers, socket);
    }
    if (method === "POST" && target.path === "/tbox/run") {
      const auth = headers["x-registry-auth"];
      return await serveRun(engine, { body, auth: typeof auth === "string" ? auth : undefined }, socket);
    }
    if (isExecStart(method, target.path)) {
      return await startExecUpgraded(engine.containers, target, { body, headers }, socket);
    }
    throw new TboxError("not-found", "page not found");
  } catch (error) {
    refuseUpgrade(socket, error);
  }
}
