import { Elysia } from "elysia";
import type { ImageSummary, RemovedImageAnswer } from "#api/answers/images.ts";
import type { ImagesPruned } from "#api/answers/prune.ts";
import { pruneQuery } from "#api/requests/containers.ts";
import { inspectImageQuery, listImagesQuery, removeImageQuery, tagImageQuery } from "#api/requests/images.ts";
import type { Engine } from "#engine/engine.ts";
import type { ImageDetails } from "#images/store/image-queries.ts";
import { parseReference, parseTag } from "#oci/reference.ts";
import { keptList, ObjectCache, timeless } from "#support/object-cache.ts";
import { shapeHistory, shapeImage, shapeRemoved } from "../answers/images/image.ts";
import { imageSummary } from "../answers/images/image-summary.ts";
import { inspectionOfVersion } from "../answers/images/old-versions.ts";
import { jsonList } from "../http/json-list.ts";
import { apiVersion } from "../requests/api-target.ts";
import {
  parseImageName,
  parseImagePath,
  parsePlatforms,
  refuseSeveralPlatforms,
} from "../requests/image-path.ts";
import { parsePruneImages } from "../requests/prune-images.ts";
import { parsePush } from "../requests/push-image.ts";
import { pushAnswer, saveAnswer } from "./image-archives.ts";

/** Requests about images of the store. The routes with `*` take the rest of the path: names may contain slashes. */
export function imageRoutes({ images, containers }: Pick<Engine, "images" | "containers">) {
  const lists = new ObjectCache<readonly ImageDetails[], readonly ImageSummary[]>();
  const kept: (readonly ImageSummary[])[] = [];
  return new Elysia()
    .get(
      "/images/json",
      async ({
        query: { all = false, filters = new Map(), "shared-size": shared },
        request: { headers },
      }) => {
        const list = await images.list({ all, filters });
        const version = apiVersion(headers);
        // Containers count because an item has the number of its image's containers.
        const inputs = [version, shared, containers.queries.revision()];
        const summaries = lists.get(list, inputs, Date.now(), () => {
          const sharedSizes = shared ? images.sharedSizes() : undefined;
          const current = list.map((image) => {
            const sharedSize = sharedSizes?.get(image.id) ?? -1;
            return imageSummary(image, { sharedSize, containers: images.containers(image.id), version });
          });
          return timeless(keptList(kept, current));
        });
        return jsonList(summaries.value);
      },
      { query: listImagesQuery },
    )
    .get(
      "/images/*",
      async ({ params: { "*": rest }, query: { platform }, request: { url, signal, headers } }) => {
        const { name, action } = parseImagePath(rest, ["json", "history", "get"]);
        refuseSeveralPlatforms(url);
        if (action === "get") return saveAnswer(images, [name], { platform, signal });
        if (platform !== undefined) await images.resolve(name, platform);
        if (action === "history") return (await images.history(name)).map(shapeHistory);
        return inspectionOfVersion(shapeImage(await images.inspect(name)), apiVersion(headers));
      },
      { query: inspectImageQuery },
    )
    .post(
      "/images/*",
      async ({ params: { "*": rest }, query: { repo = "", tag = "", ...query }, request }) => {
        const { name, action } = parseImagePath(rest, ["push", "tag"]);
        if (action === "push") return pushAnswer(images, parsePush(name, { tag, ...query }, request));
        const target = parseReference(repo);
        await images.tag(name, tag === "" ? target : { ...target, tag: parseTag(tag) });
        return new Response(null, { status: 201 });
      },
      { query: tagImageQuery, parse: "none" },
    )
    .post(
      "/images/prune",
      async ({ query: { filters = new Map() }, request: { signal } }): Promise<ImagesPruned> => {
        const { removed, space } = await images.prune(parsePruneImages(filters, signal));
        return { ImagesDeleted: removed.map(shapeRemoved), SpaceReclaimed: space };
      },
      { query: pruneQuery },
    )
    .delete(
      "/images/*",
      async ({
        params: { "*": rest },
        query: { force = false, noprune = false },
        request: { signal, url },
      }): Promise<RemovedImageAnswer[]> => {
        const name = parseImageName(rest);
        for (const platform of parsePlatforms(url)) await images.resolve(name, platform);
        const removed = await images.remove(name, { force, prune: !noprune, signal });
        return removed.map(shapeRemoved);
      },
      { query: removeImageQuery },
    );
}
