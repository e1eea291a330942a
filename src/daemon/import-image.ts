import type { Images } from "#images/images.ts";
import { parsePlatform } from "#oci/platform.ts";
import { parseReference } from "#oci/reference.ts";
import { TboxError } from "#support/errors.ts";
import { streamed } from "./http/streamed.ts";
import { nameWithTag } from "./image-name.ts";

export interface ImportQuery {
  fromSrc?: string;
  repo?: string;
  tag?: string;
  message?: string;
  platform?: string;
}

/** `POST /images/create?fromSrc=-`: an image out of the archive in the body. */
export async function importImage(images: Images, query: ImportQuery, request: Request): Promise<Response> {
  const { fromSrc, repo, tag, message = "", platform } = query;
  if (fromSrc !== "-")
    throw new TboxError("not-implemented", "fromSrc: importing from a URL is not supported yet");
  if (request.body === null) throw new TboxError("invalid-argument", "the request has no body");
  const id = await images.import(request.body, {
    message,
    changes: new URL(request.url).searchParams.getAll("changes"),
    signal: request.signal,
    ...(repo === undefined ? {} : { reference: parseReference(nameWithTag(repo, tag)) }),
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
  });
  return streamed(once(`${JSON.stringify({ status: id })}\r\n`), "application/json");
}

async function* once(line: string) {
  yield line;
}
