import type { Images } from "#images/images.ts";
import { parsePlatform } from "#oci/platform.ts";
import { parseReference } from "#oci/reference.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { singleValue } from "#support/streams.ts";
import { streamed } from "../http/streamed.ts";
import { nameWithTag } from "./image-name.ts";

export interface ImportQuery {
  fromSrc: string;
  repo?: string;
  tag?: string;
  message?: string;
  platform?: string;
}

/** `POST /images/create?fromSrc=-`: an image out of the archive in the body. */
export async function importImage(images: Images, query: ImportQuery, request: Request): Promise<Response> {
  const { fromSrc, repo, tag, message = "", platform } = query;
  const archive = fromSrc === "-" ? request.body : await download(fromSrc, request.signal);
  if (archive === null) throw invalidArgument("the request has no body");
  const id = await images.import(archive, {
    message,
    changes: new URL(request.url).searchParams.getAll("changes"),
    signal: request.signal,
    ...(repo === undefined ? {} : { reference: parseReference(nameWithTag(repo, tag)) }),
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
  });
  return streamed(singleValue(`${JSON.stringify({ status: id })}\r\n`), "application/json");
}

/** What lies at a URL; without a scheme it is http, as Docker takes it. */
async function download(source: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array> | null> {
  const text = /^[a-z]+:\/\//.test(source) ? source : `http://${source}`;
  const url = URL.parse(text);
  if (!url || !["http:", "https:"].includes(url.protocol)) {
    throw invalidArgument(`fromSrc: ${JSON.stringify(source)} is no URL of http or https`);
  }
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw new TboxError("unavailable", `fetch ${url.href}`, { cause });
  }
  if (!response.ok) throw new TboxError("unavailable", `fetch ${url.href}: HTTP status ${response.status}`);
  return response.body;
}
