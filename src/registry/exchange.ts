import { TboxError } from "#support/errors.ts";
import { sameOrigin } from "./origin.ts";
import { parseRetryAfter, TemporaryFailure } from "./retry.ts";

const mostRedirects = 5;

export interface ExchangeOptions {
  headers: Record<string, string>;
  /** Sent to the origin of the first URL only. */
  authorization: string | undefined;
  signal: AbortSignal;
}

/**
 * One GET, following redirects by hand: credentials stay with their origin, https never becomes http, and
 * only those two schemes are spoken. Statuses that may pass (429, 5xx) are temporary failures.
 */
export async function exchange(url: URL, options: ExchangeOptions): Promise<Response> {
  const { headers, authorization, signal } = options;
  let target = url;
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const own = authorization !== undefined && sameOrigin(target, url) ? { authorization } : {};
    const response = await send(target, { ...headers, ...own }, signal);
    const location = response.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) {
      if (response.status === 429 || response.status >= 500) throw await busy(response, target);
      return response;
    }
    await response.body?.cancel();
    target = follow(target, location);
  }
  throw new TboxError("unavailable", `registry ${url.host}: more than ${mostRedirects} redirects`);
}

async function send(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  try {
    // The digests are over the bytes as they come: nothing may decompress them on the way.
    return await fetch(url, { headers, signal, redirect: "manual", decompress: false });
  } catch (cause) {
    signal.throwIfAborted();
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    const message = `registry ${url.host}: ${reasonOf(code, cause)}`;
    if (/REFUSED|NOTFOUND|DNS|CERT|TLS|SSL|SELF_SIGNED|ISSUER|ENOENT/i.test(code)) {
      throw new TboxError("unavailable", message, { cause });
    }
    throw new TemporaryFailure(message, { cause });
  }
}

function reasonOf(code: string, cause: unknown): string {
  if (/REFUSED/i.test(code)) return "connection refused";
  if (/NOTFOUND|DNS/i.test(code)) return "no such host";
  if (/CERT|SELF_SIGNED|ISSUER|TLS|SSL/i.test(code)) {
    return "its certificate is not trusted: put its authority where NODE_EXTRA_CA_CERTS of the daemon points";
  }
  return cause instanceof Error ? cause.message : String(cause);
}

function follow(from: URL, location: string): URL {
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

async function busy(response: Response, url: URL): Promise<TemporaryFailure> {
  await response.body?.cancel();
  const after = parseRetryAfter(response.headers.get("retry-after"), Date.now());
  return new TemporaryFailure(`registry ${url.host} answered ${response.status}`, { after });
}
