import { Elysia } from "elysia";
import type { TransferLine } from "#api/answers/progress.ts";
import { createImageQuery, loadImagesQuery, saveImagesQuery } from "#api/requests/images.ts";
import type { ImageArchives, SaveOptions } from "#images/archive/image-archives.ts";
import type { ImageTransfer, PushOptions } from "#images/transfer/image-transfer.ts";
import type { Reference } from "#oci/reference.ts";
import { invalidArgument } from "#support/errors.ts";
import { singleValue } from "#support/streams.ts";
import { shapeLoaded } from "../answers/images/image.ts";
import { shapeFailure, shapeProgress, shapePushProgress } from "../answers/images/progress.ts";
import { streamLines, streamLinesWhenRead } from "../http/json-lines.ts";
import { streamed } from "../http/streamed.ts";
import { refuseSeveralPlatforms } from "../requests/image-path.ts";
import { type ImportQuery, parseImport } from "../requests/import-image.ts";
import { type ParsedPull, parsePull } from "../requests/pull-image.ts";

/** Requests that bring images into the store, and archives of images out of it. */
export function imageArchiveRoutes(images: ImageArchives & ImageTransfer) {
  return new Elysia()
    .post(
      "/images/create",
      ({ query, request }) =>
        query.fromSrc === undefined
          ? pullAnswer(images, parsePull(query, request))
          : importAnswer(images, { ...query, fromSrc: query.fromSrc }, request),
      { query: createImageQuery, parse: "none" },
    )
    .post(
      "/images/load",
      ({ query: { platform }, request: { body, url, signal } }) => {
        refuseSeveralPlatforms(url);
        if (body === null) throw invalidArgument("the request has no body");
        const loaded = images.load(body, { platform, signal });
        return streamLinesWhenRead(loaded, { shape: shapeLoaded, failure: shapeFailure });
      },
      { query: loadImagesQuery, parse: "none" },
    )
    .get(
      "/images/get",
      ({ query: { platform }, request: { url, signal } }) => {
        refuseSeveralPlatforms(url);
        return saveAnswer(images, new URL(url).searchParams.getAll("names"), { platform, signal });
      },
      { query: saveImagesQuery },
    );
}

function pullAnswer(images: ImageTransfer, { reference, allTags, options }: ParsedPull): Promise<Response> {
  const progress = allTags ? images.pullAllTags(reference, options) : images.pull(reference, options);
  return streamLines(progress, { shape: shapeProgress, failure: shapeFailure });
}

async function importAnswer(images: ImageArchives, query: ImportQuery, request: Request): Promise<Response> {
  const { archive, options } = await parseImport(query, request);
  const id = await images.import(archive, options);
  const line: TransferLine = { status: id };
  return streamed(singleValue(`${JSON.stringify(line)}\r\n`), "application/json");
}

/** Returns the answer of `POST /images/{name}/push`. */
export function pushAnswer(
  images: ImageTransfer,
  { reference, options }: { reference: Reference; options: PushOptions },
): Promise<Response> {
  const progress = images.push(reference, options);
  return streamLines(progress, { shape: shapePushProgress, failure: shapeFailure });
}

/** Returns the answer of `GET /images/get` and `GET /images/{name}/get`. */
export async function saveAnswer(
  images: ImageArchives,
  names: string[],
  options: SaveOptions,
): Promise<Response> {
  if (names.length === 0) throw invalidArgument("names: no image is named");
  return streamed(await images.save(names, options), "application/x-tar");
}
