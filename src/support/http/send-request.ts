import { type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { LookupFunction } from "node:net";
import { TboxError } from "../errors.ts";
import { proxyFor } from "./proxy.ts";
import { checkName, findServer, type Reach, type Server } from "./reach.ts";

export interface HttpRequest {
  method?: "GET" | "POST" | "PUT" | "PATCH";
  headers?: Record<string, string>;
  body?: Uint8Array<ArrayBuffer>;
  reach: Reach;
  /** Also ends the body of the answer. */
  signal: AbortSignal;
}

/** An answer with the bytes that the server sent: content encodings are not decoded. */
export interface HttpAnswer {
  status: number;
  header(name: string): string | undefined;
  body: AsyncIterable<Uint8Array>;
  /** Ends an answer whose body is not read. */
  discard(): void;
}

const commonHeaders = { "User-Agent": "tbox", "Accept-Encoding": "identity" };

/**
 * Sends one request to an address from an untrusted source, such as the author of a Dockerfile. Connects only to checked
 * addresses, and follows no redirect.
 */
export async function sendRequest(url: URL, request: HttpRequest): Promise<HttpAnswer> {
  const { signal } = request;
  signal.throwIfAborted();
  try {
    const proxy = proxyFor(url, process.env);
    if (proxy) return await sendThroughProxy(url, proxy, request);
    return await sendTo(url, await findServer(url, request.reach), request);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TboxError) throw error;
    throw new TboxError("unavailable", `connect to ${url.host}`, { cause: error });
  }
}

async function sendTo(
  url: URL,
  server: Server,
  { method = "GET", headers, body, signal }: HttpRequest,
): Promise<HttpAnswer> {
  const found: LookupFunction = (_, { all }, callback) => {
    const [first] = server;
    if (all) callback(null, server);
    else callback(null, first?.address ?? "", first?.family ?? 4);
  };
  const length = body === undefined ? {} : { "Content-Length": String(body.length) };
  const options: RequestOptions = {
    method,
    headers: { ...commonHeaders, ...length, ...headers },
    signal,
    lookup: found,
    agent: false,
  };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  send(url, options, resolve).on("error", reject).end(body);
  const message = await promise;
  return {
    status: message.statusCode ?? 0,
    header: (name) => [message.headers[name]].flat()[0],
    body: message,
    discard: () => void message.on("error", () => {}).destroy(),
  };
}

/** Sends a request through a proxy. The proxy resolves names, so only names that always mean this machine are refused. */
async function sendThroughProxy(
  url: URL,
  proxy: URL,
  { method = "GET", headers, body, reach, signal }: HttpRequest,
): Promise<HttpAnswer> {
  checkName(url, reach);
  const response = await fetch(url, {
    method,
    headers: { ...commonHeaders, ...headers },
    ...(body === undefined ? {} : { body }),
    signal,
    redirect: "manual",
    decompress: false,
    proxy: proxy.href,
  });
  return {
    status: response.status,
    header: (name) => response.headers.get(name) ?? undefined,
    body: response.body ?? new Blob().stream(),
    discard: () => void response.body?.cancel().catch(() => {}),
  };
}
