import { lookup } from "node:dns/promises";
import { type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { invalidArgument, TboxError } from "../errors.ts";
import { isOfThisMachine, withoutBrackets } from "./addresses.ts";
import { proxyFor } from "./proxy.ts";

/** Servers that a download may contact: any, or only those that a container without the host's network can reach. */
export type DownloadReach = "any" | "other-machines";

export interface DownloadOptions {
  reach: DownloadReach;
  /** Size limit in bytes. */
  limit: number;
  signal: AbortSignal;
}

/** The document at an address, with the bytes that the server sent: content encodings are not decoded. */
export interface Download {
  header(name: string): string | undefined;
  /** Throws when the document is larger than the limit. */
  body: AsyncIterable<Uint8Array>;
}

const mostRedirects = 10;
const redirects = [301, 302, 303, 307, 308];
const headers = { "User-Agent": "tbox", "Accept-Encoding": "identity" };

/**
 * Returns the servers that a download may contact if the API's user named the address. An address of this machine is
 * allowed, but a redirect from another server to this machine is refused.
 */
export function reachOfNamed(address: string): DownloadReach {
  const hostname = URL.parse(address)?.hostname ?? "";
  return isOfThisMachine(withoutBrackets(hostname)) ? "any" : "other-machines";
}

interface Answer extends Download {
  status: number;
  discard(): void;
}

/**
 * Opens the document at an http or https address from an untrusted source, such as the author of a Dockerfile. Connects
 * only to checked addresses, also after a redirect.
 */
export async function openDownload(address: string, options: DownloadOptions): Promise<Download> {
  let url = parseAddress(address);
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const answer = await send(url, options);
    const location = answer.header("location");
    if (redirects.includes(answer.status) && location !== undefined) {
      answer.discard();
      url = parseAddress(location, url);
      continue;
    }
    if (answer.status < 200 || answer.status > 299) {
      answer.discard();
      throw new TboxError("unavailable", `the server answered ${answer.status}`);
    }
    return { header: answer.header, body: withinLimit(answer, options.limit) };
  }
  throw new TboxError("unavailable", `more than ${mostRedirects} redirects`);
}

function parseAddress(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href);
  if (url && ["http:", "https:"].includes(url.protocol)) return url;
  throw invalidArgument(`${JSON.stringify(text)} is not an http or https address`);
}

async function send(url: URL, options: DownloadOptions): Promise<Answer> {
  const { signal } = options;
  signal.throwIfAborted();
  try {
    const proxy = proxyFor(url, process.env);
    if (proxy) return await sendThroughProxy(url, proxy, options);
    return await sendTo(url, await findServer(url, options.reach), signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TboxError) throw error;
    throw new TboxError("unavailable", `connect to ${url.host}`, { cause: error });
  }
}

type Server = { address: string; family: number }[];

/** Returns the addresses of a server that may be contacted; throws forbidden when there is none. */
export async function findServer(url: URL, reach: DownloadReach): Promise<Server> {
  const host = withoutBrackets(url.hostname);
  const family = isIP(host);
  const found = family === 0 ? await lookup(host, { all: true }) : [{ address: host, family }];
  if (reach === "any") return found;
  const allowed = found.filter(({ address }) => !isOfThisMachine(address));
  if (allowed.length === 0) throw refusal(url);
  return allowed;
}

function refusal({ host }: URL): TboxError {
  const reason = "it is a loopback or link-local address of this machine";
  return new TboxError("forbidden", `${host} is not allowed: ${reason}, which needs the host's network`);
}

async function sendTo(url: URL, server: Server, signal: AbortSignal): Promise<Answer> {
  const found: LookupFunction = (_, { all }, callback) => {
    const [first] = server;
    if (all) callback(null, server);
    else callback(null, first?.address ?? "", first?.family ?? 4);
  };
  const options: RequestOptions = { headers, signal, lookup: found, agent: false };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  send(url, options, resolve).on("error", reject).end();
  const message = await promise;
  return {
    status: message.statusCode ?? 0,
    header: (name) => [message.headers[name]].flat()[0],
    body: message,
    discard: () => void message.on("error", () => {}).destroy(),
  };
}

/** Sends a request through a proxy. The proxy resolves names, so only names that always mean this machine are refused. */
async function sendThroughProxy(url: URL, proxy: URL, { reach, signal }: DownloadOptions): Promise<Answer> {
  if (reach !== "any" && isOfThisMachine(withoutBrackets(url.hostname))) throw refusal(url);
  const options = { headers, signal, redirect: "manual" as const, decompress: false };
  const response = await fetch(url, { ...options, proxy: proxy.href });
  return {
    status: response.status,
    header: (name) => response.headers.get(name) ?? undefined,
    body: response.body ?? new Blob().stream(),
    discard: () => void response.body?.cancel().catch(() => {}),
  };
}

async function* withinLimit({ header, body }: Download, limit: number): AsyncGenerator<Uint8Array> {
  const tooLarge = () => invalidArgument(`the document is larger than ${limit} bytes`);
  if (Number(header("content-length") ?? 0) > limit) throw tooLarge();
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw tooLarge();
    yield chunk;
  }
}
