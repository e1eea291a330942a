import type { ImportOptions } from "#images/archive/image-archives.ts";
import { parsePlatform } from "#oci/platform.ts";
import { parseReference } from "#oci/reference.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { nameWithTag } from "./image-name.ts";

/** Query of `POST /images/create` with `fromSrc`. */
export interface ImportQuery {
  /** `-` for the request's body, or a URL. */
  fromSrc: string;
  repo?: string;
  tag?: string;
  message?: string;
  platform?: string;
}

/** Returns the archive and the options of an import. */
export async function parseImport(
  query: ImportQuery,
  request: Request,
): Promise<{ archive: ReadableStream<Uint8Array>; options: ImportOptions }> {
  const { fromSrc, repo, tag, message = "", platform } = query;
  const archive = fromSrc === "-" ? request.body : await download(fromSrc, request.signal);
  if (archive === null) throw invalidArgument("the request has no body");
  const options = {
    message,
    changes: new URL(request.url).searchParams.getAll("changes"),
    signal: request.signal,
    ...(repo === undefined ? {} : { reference: parseReference(nameWithTag(repo, tag)) }),
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
  };
  return { archive, options };
}

/** Opens the document at a URL. A URL without a scheme is http, as in Docker. */
async function download(source: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array> | null> {
  const text = /^[a-z]+:\/\//.test(source) ? source : `http://${source}`;
  const url = URL.parse(text);
  if (!url || !["http:", "https:"].includes(url.protocol)) {
    throw invalidArgument(`fromSrc: ${JSON.stringify(source)} is not a URL of http or https`);
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
