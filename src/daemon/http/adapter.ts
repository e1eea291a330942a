import type { IncomingMessage, ServerResponse } from "node:http";
import { drain, hasBody, isJsonType, readSmallBody, skipBody, streamBody } from "./request-body.ts";
import { sendResponse } from "./send-response.ts";
import type { Target } from "./target.ts";

/** A request of Node's HTTP server and its response. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  target: Target;
}

/** The application behind the server. */
export interface Application {
  answer(request: Request): Response | Promise<Response>;
  /** Returns the response for an error that was thrown before `answer` could handle it. */
  refuse(error: unknown): Response;
  /** Request headers that the application sees, in lower case. Other headers, above all Host, have no effect. */
  requestHeaders: readonly string[];
  /** Headers of every response. */
  responseHeaders: Record<string, string>;
}

/** Passes a request to the application and sends its response. `extra` headers replace the client's. */
export async function serveRequest(
  { request, response, target }: Exchange,
  application: Application,
  extra: Record<string, string>,
): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  let answer: Response;
  try {
    const headers = { ...pick(request, application.requestHeaders), ...extra };
    answer = await application.answer(await toWebRequest(request, target, { headers, signal: gone.signal }));
  } catch (error) {
    // The client broke the connection if the request was destroyed before its end; a completely read request is
    // destroyed too.
    if (gone.signal.aborted || (request.destroyed && !request.complete)) return;
    answer = application.refuse(error);
  }
  if (gone.signal.aborted) return void answer.body?.cancel().catch(() => {});
  // The end of the answer closes such a connection, and a client that still sends its body could not read the answer.
  const closes = request.headers.connection?.toLowerCase() === "close";
  if (closes && answer.headers.get("transfer-encoding") !== "chunked") await skipBody(request);
  await sendResponse(response, answer, {
    headers: application.responseHeaders,
    headOnly: request.method === "HEAD",
  });
  drain(request);
}

function pick({ headers }: IncomingMessage, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (typeof value === "string") picked[name] = value;
  }
  return picked;
}

async function toWebRequest(
  request: IncomingMessage,
  { path, search }: Target,
  { headers, signal }: { headers: Record<string, string>; signal: AbortSignal },
): Promise<Request> {
  const url = `http://docker${path}${search}`;
  const { method = "GET" } = request;
  if (!hasBody(request)) return new Request(url, { method, headers, signal });
  const body = isJsonType(request.headers["content-type"])
    ? await readSmallBody(request)
    : streamBody(request);
  return new Request(url, { method, headers, signal, body });
}
