import { TboxError } from "#support/errors.ts";
import { sameOrigin } from "../access/origin.ts";
import { readBody, usualPatience } from "./body.ts";
import { connectionFailure } from "./connection-failure.ts";
import { parseRetryAfter, TemporaryFailure } from "./retry.ts";
import type { Connection } from "./transport.ts";

const mostRedirects = 5;
/** Longest text of a busy server that is read, in bytes. */
const shownLimit = 16 * 1024;

export type Body = Uint8Array<ArrayBuffer> | AsyncIterable<Uint8Array>;

export interface ExchangeOptions {
  method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH";
  headers: Record<string, string>;
  /** Made anew for every redirect; a stream needs a `content-length` among the headers. */
  body?: (() => Body) | undefined;
  /** Sent to the origin of the first URL only. */
  authorization: string | undefined;
  /** The way to a URL: its certificates and its proxy. */
  connect: (url: URL) => Promise<Connection>;
  /** How long an answer may take to begin, in milliseconds; ten times that when something is sent. */
  patience?: number | undefined;
  signal: AbortSignal;
}

/**
 * One request, following redirects by hand: credentials stay with their origin, https never becomes http, and
 * only those two schemes are spoken. Statuses that may pass (429, 5xx) are temporary failures.
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
        throw await busy(response, target, authorization !== undefined);
      }
      return response;
    }
    await response.body?.cancel();
    target = resolveLocation(target, location);
  }
  throw new TboxError("unavailable", `registry ${url.host}: more than ${mostRedirects} redirects`);
}

/** What is sent goes elsewhere only where the status says that it does so unchanged. */
function isRedirect(status: number, { method = "GET" }: ExchangeOptions): boolean {
  const statuses = method === "GET" || method === "HEAD" ? [301, 302, 303, 307, 308] : [307, 308];
  return statuses.includes(status);
}

async function send(url: URL, options: ExchangeOptions): Promise<Response> {
  const { method = "GET", headers, body, signal, connect } = options;
  const connection = await connect(url);
  const late = new AbortController();
  const limit = (options.patience ?? usualPatience) * (body === undefined ? 1 : 10);
  const timer = setTimeout(() => late.abort(new Error(`no answer for ${limit / 1000} s`)), limit);
  try {
    return await fetch(url, {
      ...connection,
      method,
      headers,
      signal: AbortSignal.any([signal, late.signal]),
      redirect: "manual",
      // The digests are over the bytes as they come: nothing may decompress them on the way.
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

/** Where a `Location` leads; throws where it leads from https to http or to another scheme. */
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
  // What stands before an @ would be sent as credentials.
  target.username = "";
  target.password = "";
  return target;
}

/** Says what a user needs to know of a limit: whose it is, whether one is logged in, how long it lasts. */
async function busy(response: Response, url: URL, known: boolean): Promise<TemporaryFailure> {
  const { status } = response;
  const bytes = await readBody(response, shownLimit, "").catch(() => new Uint8Array());
  const text = new TextDecoder().decode(bytes).replace(/\s+/g, " ").trim().slice(0, 200);
  const after = parseRetryAfter(response.headers.get("retry-after"), Date.now());
  const parts = [
    `registry ${url.host} answered ${status} to a request ${known ? "with" : "without"} credentials`,
    ...(after === undefined ? [] : [`it asks to wait ${Math.ceil(after / 1000)} s`]),
    ...(text === "" ? [] : [text]),
  ];
  return new TemporaryFailure(parts.join(": "), { status, after });
}
