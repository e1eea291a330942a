import { Elysia } from "elysia";
import { pruneQuery } from "#api/requests/containers.ts";
import {
  createImageQuery,
  inspectImageQuery,
  listImagesQuery,
  loadImagesQuery,
  removeImageQuery,
  saveImagesQuery,
  tagImageQuery,
} from "#api/requests/images.ts";
import type { Images } from "#images/images.ts";
import { parseReference, parseTag } from "#oci/reference.ts";
import { invalidArgument } from "#support/errors.ts";
import { describeError } from "../answers/error-response.ts";
import { shapeHistory, shapeImage, shapeImageSummary, shapeLoaded, shapeRemoved } from "../answers/image.ts";
import { shapeProgress } from "../answers/progress.ts";
import { streamedLines, streamedOutcome } from "../http/streamed.ts";
import { parseImageName, parseImagePath } from "../requests/image-path.ts";
import { importImage } from "../requests/import-image.ts";
import { parsePruneFilters } from "../requests/prune-filters.ts";
import { pullImage } from "../requests/pull-image.ts";
import { pushImage } from "../requests/push-image.ts";
import { saveImages } from "../requests/save-images.ts";
import { refuseParameters } from "./unsupported.ts";

const tell = (error: unknown) => describeError(error).message;

export function imageRoutes(images: Images) {
  return new Elysia()
    .post(
      "/images/create",
      ({ query, request }) =>
        query.fromSrc === undefined
          ? streamedLines(pullImage(images, query, request), shapeProgress, tell)
          : importImage(images, { ...query, fromSrc: query.fromSrc }, request),
      { query: createImageQuery, parse: "none" },
    )
    .post(
      "/images/load",
      ({ query: { platform }, request: { body, signal } }) => {
        if (body === null) throw invalidArgument("the request has no body");
        return streamedOutcome(images.load(body, { platform, signal }), shapeLoaded, tell);
      },
      { query: loadImagesQuery, parse: "none" },
    )
    .get(
      "/images/json",
      async ({ query: { all = false, filters = new Map(), manifests, "shared-size": shared } }) => {
        refuseParameters({ manifests });
        const sharing = shared ? images.sharing() : undefined;
        const list = await images.list({ all, filters });
        return list.map((image) => shapeImageSummary(image, sharing?.get(image.id)));
      },
      { query: listImagesQuery },
    )
    .get(
      "/images/get",
      ({ query: { platform }, request: { url, signal } }) => {
        const names = new URL(url).searchParams.getAll("names");
        return saveImages(images, names, { platform, signal });
      },
      { query: saveImagesQuery },
    )
    .get(
      "/images/*",
      async ({ params: { "*": rest }, query: { manifests, platform }, request: { signal } }) => {
        const { name, action } = parseImagePath(rest, ["json", "history", "get"]);
        if (action === "get") return saveImages(images, [name], { platform, signal });
        if (action === "history") return (await images.history(name)).map(shapeHistory);
        refuseParameters({ manifests, platform: platform !== undefined });
        return shapeImage(await images.inspect(name));
      },
      { query: inspectImageQuery },
    )
    .post(
      "/images/*",
      async ({ params: { "*": rest }, query: { repo = "", tag = "", platform }, request }) => {
        const { name, action } = parseImagePath(rest, ["push", "tag"]);
        if (action === "push") {
          const lines = pushImage(images, name, { tag, platform }, request);
          return streamedLines(lines, shapeProgress, tell);
        }
        const target = parseReference(repo);
        await images.tag(name, tag === "" ? target : { ...target, tag: parseTag(tag) });
        return new Response(null, { status: 201 });
      },
      { query: tagImageQuery, parse: "none" },
    )
    .post(
      "/images/prune",
      async ({ query: { filters = new Map() }, request: { signal } }) => {
        const { removed, space } = await images.prune({ ...parsePruneFilters(filters), signal });
        return { ImagesDeleted: removed.map(shapeRemoved), SpaceReclaimed: space };
      },
      { query: pruneQuery },
    )
    .delete(
      "/images/*",
      async ({ params: { "*": rest }, query: { force = false, noprune = false, platforms }, request }) => {
        refuseParameters({ platforms });
        const options = { force, prune: !noprune, signal: request.signal };
        return (await images.remove(parseImageName(rest), options)).map(shapeRemoved);
      },
      { query: removeImageQuery },
    );
}
