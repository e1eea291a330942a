import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Engine } from "#engine/engine.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { errorResponse, streamErrorResponse } from "../answers/error-response.ts";
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
  /** The request's body, if it was read. */
  body?: Buffer;
}

/**
 * Reports whether a request asks for a stream on its connection. Other requests get their ordinary answer: a client may offer
 * an upgrade for any request, as Java's clients do with `h2c`.
 */
export function asksForStream(request: IncomingMessage): boolean {
  const { method, headers } = request;
  const path = headers.upgrade === undefined ? undefined : pathOf(request);
  if (path === undefined) return false;
  switch (headers.upgrade?.toLowerCase()) {
    case "tcp":
      return isStream(method, path);
    case "websocket":
      return isWebSocketAttach(method, path);
    case "h2c":
      return isBuildKit(method, path);
    default:
      return false;
  }
}

/** Returns the path of a request; undefined if the request's target is invalid. */
function pathOf(request: IncomingMessage): string | undefined {
  try {
    return parseApiTarget(request).path;
  } catch {
    return undefined;
  }
}

/** Throws Docker's error for a request of BuildKit's protocol that asks for no upgrade, or for one to another protocol. */
export function refuseBuildKit({ headers: { upgrade } }: IncomingMessage): never {
  throw invalidArgument(
    upgrade === undefined ? "no upgrade proto in request" : `protocol ${upgrade} not supported`,
  );
}

function isStream(method: string | undefined, path: string): boolean {
  return isAttach(method, path) || isExecStart(method, path) || isRun(method, path);
}

function isRun(method: string | undefined, path: string): boolean {
  return method === "POST" && path === "/tbox/run";
}

/** Serves a request with `Upgrade: tcp`, `websocket` or `h2c`, whose connection becomes a stream. */
export async function serveUpgrade(
  engine: Engine,
  { request, socket, head, body: read }: UpgradeExchange,
  loadBuildKit: LoadBuildKit,
): Promise<void> {
  try {
    const target = parseApiTarget(request);
    // The body of an upgrade request precedes the first bytes of the stream.
    const body = read ?? (await readSmallBody(request));
    if (isWebSocketAttach(request.method, target.path)) {
      return await attachWebSocket(engine.containers, target, { request, socket, head });
    }
    if (head.length > 0) socket.unshift(head);
    const { method, headers } = request;
    if (isBuildKit(method, target.path))
      return await serveBuildKit(loadBuildKit, target.path, request, socket);
    await upgradeTo(engine, { method, target, headers, body }, socket);
  } catch (error) {
    await refuseUpgrade(socket, errorResponse(error));
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
    if (isRun(method, target.path)) {
      const auth = headers["x-registry-auth"];
      return await serveRun(engine, { body, auth: typeof auth === "string" ? auth : undefined }, socket);
    }
    if (isExecStart(method, target.path)) {
      return await startExecUpgraded(engine.containers, target, { body, headers }, socket);
    }
    throw new TboxError("not-found", "page not found");
  } catch (error) {
    const answer = isAttach(method, target.path) ? streamErrorResponse(error) : errorResponse(error);
    await refuseUpgrade(socket, answer);
  }
}
