import { invalidArgument, TboxError } from "../errors.ts";
import type { Reach } from "./reach.ts";
import { type HttpAnswer, sendRequest } from "./send-request.ts";

export interface DownloadOptions {
  reach: Reach;
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

/**
 * Opens the document at an http or https address from an untrusted source, such as the author of a Dockerfile. Connects
 * only to checked addresses, also after a redirect.
 */
export async function openDownload(address: string, options: DownloadOptions): Promise<Download> {
  const answer = await openAddress(address, options);
  if (answer.status < 200 || answer.status > 299) {
    answer.discard();
    throw new TboxError("unavailable", `the server answered ${answer.status}`);
  }
  return { header: answer.header, body: withinLimit(answer, options.limit) };
}

/** Returns the answer of the server at an address, with any status but a redirect, which is followed. */
export async function openAddress(
  address: string,
  request: { headers?: Record<string, string>; reach: Reach; signal: AbortSignal },
): Promise<HttpAnswer> {
  let url = parseAddress(address);
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const answer = await sendRequest(url, request);
    const location = answer.header("location");
    if (!redirects.includes(answer.status) || location === undefined) return answer;
    answer.discard();
    url = parseAddress(location, url);
  }
  throw new TboxError("unavailable", `more than ${mostRedirects} redirects`);
}

function parseAddress(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href);
  if (url && ["http:", "https:"].includes(url.protocol)) return url;
  throw invalidArgument(`${JSON.stringify(text)} is not an http or https address`);
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
