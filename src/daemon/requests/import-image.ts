import type { ImportOptions } from "#images/archive/image-archives.ts";
import { parsePlatform } from "#oci/platform.ts";
import { parseReference } from "#oci/reference.ts";
import { explained, invalidArgument } from "#support/errors.ts";
import { openDownload } from "#support/http/open-download.ts";
import { reachOfNamed } from "#support/http/reach.ts";
import { streamOf } from "#support/streams.ts";
import { nameWithTag } from "./image-name.ts";

/** Size limit of a downloaded archive in bytes. */
const mostBytes = 64 * 1024 ** 3;

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
  const parsed = platform === undefined ? undefined : parsePlatform(platform);
  if (parsed && parsed.os !== "linux")
    throw invalidArgument(`${parsed.os}: operating system is not supported`);
  const options = {
    message,
    changes: new URL(request.url).searchParams.getAll("changes"),
    signal: request.signal,
    ...(repo === undefined ? {} : { reference: parseReference(nameWithTag(repo, tag)) }),
    ...(parsed === undefined ? {} : { platform: parsed }),
  };
  return { archive, options };
}

/** Opens the document at a URL. A URL without a scheme is http, as in Docker. */
async function download(source: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const url = /^[a-z]+:\/\//.test(source) ? source : `http://${source}`;
  return explained(`fetch ${url}`, async () => {
    const { body } = await openDownload(url, { reach: reachOfNamed(url), limit: mostBytes, signal });
    return streamOf(body);
  });
}
