import { TboxError } from "#support/errors.ts";
import { isPrivate, sameOrigin } from "#support/http/addresses.ts";
import { defaultPatience, readBody } from "./body.ts";
import { connectionFailure } from "./connection-failure.ts";
import { parseRetryAfter, TemporaryFailure } from "./retry.ts";
import type { Connection } from "./transport.ts";

const mostRedirects = 5;
/** Longest body of an error answer that is read, in bytes. */
const textLimit = 16 * 1024;

export type Body = Uint8Array<ArrayBuffer> | AsyncIterable<Uint8Array>;

export interface ExchangeOptions {
  method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH";
  headers: Record<string, string>;
  /** Called again after each redirect; a stream needs the header `content-length`. */
  body?: (() => Body) | undefined;
  /** Header that is sent to the origin of the first URL only. */
  authorization: string | undefined;
  /** Returns the certificates and the proxy for a URL. */
  connect: (url: URL) => Promise<Connection>;
  /** Time to wait for the head of the answer, in milliseconds; ten times as long for a request with a body. */
  patience?: number | undefined;
  signal: AbortSignal;
}

/**
 * Sends one request and follows redirects. A redirect to another origin gets no credentials; a redirect from https to
 * http or to another scheme is refused. The statuses 429 and 5xx are temporary failures.
 */
export async function exchange(url: URL, options: ExchangeOptions): Promise<Response> {
  const { authorization } = options;
  let target = url;
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const own = authorization !== undefined && sameOrigin(target, url) ? { authorization } : {};
    const response = await send(target, { ...options, headers: { ...options.headers, ...own } });
    const location = response.headers.get("location");
    if (!isRedirect(response.status, options) || location === null) {
      if (response.status === 429 || response.status >= 500) {
        throw await busyFailure(response, target, authorization !== undefined);
      }
      return response;
    }
    await response.body?.cancel();
    target = resolveLocation(target, location);
  }
  throw new TboxError("unavailable", `registry ${url.host}: more than ${mostRedirects} redirects`);
}

/** Returns whether to follow a redirect. A request with a body follows only statuses that keep the method and body. */
function isRedirect(status: number, { method = "GET" }: ExchangeOptions): boolean {
  const statuses = method === "GET" || method === "HEAD" ? [301, 302, 303, 307, 308] : [307, 308];
  return statuses.includes(status);
}

async function send(url: URL, options: ExchangeOptions): Promise<Response> {
  const { method = "GET", headers, body, signal, connect } = options;
  const connection = await connect(url);
  const late = new AbortController();
  const limit = (options.patience ?? defaultPatience) * (body === undefined ? 1 : 10);
  const timer = setTimeout(() => late.abort(new Error(`no answer within ${limit / 1000} s`)), limit);
  try {
    return await fetch(url, {
      ...connection,
      method,
      headers,
      signal: AbortSignal.any([signal, late.signal]),
      redirect: "manual",
      // A digest covers the bytes that the server sent, so the body must not be decompressed.
      decompress: false,
      ...(body === undefined ? {} : { body: body() as Bun.BodyInit }),
    });
  } catch (cause) {
    signal.throwIfAborted();
    throw connectionFailure(
      url,
      connection.proxy !== undefined,
      late.signal.aborted ? late.signal.reason : cause,
    );
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves a `Location`; throws for a redirect from https to http or to another scheme. */
export function resolveLocation(from: URL, location: string): URL {
  let target: URL;
  try {
    target = new URL(location, from);
  } catch (cause) {
    throw new TboxError("unavailable", `registry ${from.host}: redirect to an invalid address`, { cause });
  }
  const downgrade = from.protocol === "https:" && target.protocol === "http:";
  if (!["http:", "https:"].includes(target.protocol) || downgrade) {
    throw new TboxError(
      "forbidden",
      `registry ${from.host}: redirect from ${from.protocol} to ${target.protocol}`,
    );
  }
  if (isPrivate(target.hostname) && !isPrivate(from.hostname)) {
    throw new TboxError(
      "forbidden",
      `registry ${from.host}: redirect to an address of this machine: ${target.host}`,
    );
  }
  // The client would send the part before an @ as credentials.
  target.username = "";
  target.password = "";
  return target;
}

/** Returns the failure for an overloaded server or a rate limit, with the host, login state and demanded wait. */
async function busyFailure(response: Response, url: URL, authorized: boolean): Promise<TemporaryFailure> {
  const { status } = response;
  const bytes = await readBody(response, textLimit, "").catch(() => new Uint8Array());
  const text = new TextDecoder().decode(bytes).replace(/\s+/g, " ").trim().slice(0, 200);
  const after = parseRetryAfter(response.headers.get("retry-after"), Date.now());
  const parts = [
    `registry ${url.host} answered ${status} to a request ${authorized ? "with" : "without"} credentials`,
    ...(after === undefined ? [] : [`it demands a wait of ${Math.ceil(after / 1000)} s`]),
    ...(text === "" ? [] : [text]),
  ];
  return new TemporaryFailure(parts.join(": "), { status, after });
}
