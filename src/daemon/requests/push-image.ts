import { parseRegistryAuth } from "#api/requests/registry-auth.ts";
import type { PushOptions } from "#images/transfer/image-transfer.ts";
import type { Platform } from "#oci/platform.ts";
import { parseReference, parseTag, type Reference } from "#oci/reference.ts";
import { invalidArgument } from "#support/errors.ts";

/** Query of `POST /images/{name}/push`. */
export interface PushQuery {
  /** Tag to push. If empty, the name's own tag, or all tags for a name without a tag. */
  tag: string;
  platform?: Platform | undefined;
  compression?: "none" | "gzip" | "zstd" | undefined;
  compressionLevel?: number | undefined;
}

/** Lowest, usual and highest level of each compression. */
const levels = { gzip: [0, 6, 9], zstd: [1, 3, 22] } as const;

/** Returns the push that `POST /images/{name}/push` requests. */
export function parsePush(
  name: string,
  { tag, platform, ...query }: PushQuery,
  request: Request,
): { reference: Reference; options: PushOptions } {
  const credentials = parseRegistryAuth(request.headers.get("x-registry-auth"));
  const reference = parseReference(name);
  const compression = parseCompression(query);
  const options = {
    signal: request.signal,
    ...(compression === undefined ? {} : { compression }),
    ...(platform === undefined ? {} : { platform }),
    ...(credentials === undefined ? {} : { credentials }),
  };
  return { reference: tag === "" ? reference : { ...reference, tag: parseTag(tag) }, options };
}

function parseCompression({
  compression,
  compressionLevel,
}: Pick<PushQuery, "compression" | "compressionLevel">): PushOptions["compression"] {
  if (compression === "none" && compressionLevel !== undefined) {
    throw invalidArgument("compression level: layers that are not compressed have none");
  }
  if (compression === "none" || (compression === undefined && compressionLevel === undefined))
    return compression;
  const format = compression ?? "gzip";
  const [lowest, usual, highest] = levels[format];
  const level = compressionLevel ?? usual;
  if (level >= lowest && level <= highest) return { format, level };
  throw invalidArgument(`compression level ${level}: ${format} has levels ${lowest} to ${highest}`);
}
