import type { IncomingMessage, ServerResponse } from "node:http";
import { invalidArgument } from "#support/errors.ts";
import { errorResponse } from "../answers/error-response.ts";
import { hasBody, isJsonType, readSmallBody, streamBody } from "./request-body.ts";
import { sendResponse } from "./send-response.ts";
import { parseTarget, type Target } from "./target.ts";

export type Answer = (request: Request) => Response | Promise<Response>;

/** A request of node's server and what it will be answered with. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  target: Target;
}

/** Name of the header in which a route finds the minor version of the API; a client cannot set it. */
export const versionHeader = "api-version";

/** What routes look at. Everything else of a request's head, Host above all, decides nothing. */
const passedHeaders = ["content-type", "content-length", "x-registry-auth", "x-registry-config"];

/** Most of an unwanted body that is read so that the client can get to the answer. */
const drainLimit = 64 * 1024 * 1024;

/** Gives a request of node's server to `answer` and sends what it gives back. */
export async function serveRequest({ request, response, target }: Exchange, answer: Answer): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  let answered: Response;
  try {
    answered = await answer(await toWebRequest(request, target, gone.signal));
  } catch (error) {
    // A body that breaks off with its connection is no failure of the daemon; one that was read whole is destroyed, too.
    if (gone.signal.aborted || (request.destroyed && !request.complete)) return;
    answered = errorResponse(error);
  }
  if (gone.signal.aborted) return void answered.body?.cancel().catch(() => {});
  await sendResponse(response, answered, request.method === "HEAD");
  drain(request);
}

/** The target of a request, whose head must have one Host at most. */
export function checkTarget(request: IncomingMessage): Target {
  const hosts = request.rawHeaders.filter((name, index) => index % 2 === 0 && /^host$/i.test(name));
  if (hosts.length > 1) throw invalidArgument("more than one Host header");
  return parseTarget(request.url ?? "");
}

async function toWebRequest(
  request: IncomingMessage,
  { path, search, version }: Target,
  signal: AbortSignal,
): Promise<Request> {
  const headers: Record<string, string> = { [versionHeader]: String(version) };
  for (const name of passedHeaders) {
    const value = request.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  const url = `http://docker${path}${search}`;
  const { method = "GET" } = request;
  if (!hasBody(request)) return new Request(url, { method, headers, signal });
  const body = isJsonType(request.headers["content-type"])
    ? await readSmallBody(request)
    : streamBody(request);
  return new Request(url, { method, headers, signal, body });
}

/** Reads and drops what is left of a request's body. */
export function drain(request: IncomingMessage): void {
  if (request.complete) return;
  let length = 0;
  request.on("error", () => {});
  request.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length > drainLimit) request.destroy();
  });
}
