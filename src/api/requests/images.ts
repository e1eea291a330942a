import { z } from "zod";
import { queryFilters } from "../schema/filters.ts";
import { queryPlatform } from "../schema/platform.ts";
import { query, queryFlag, queryInteger, queryText } from "../schema/query.ts";

/** Query of `POST /images/create`; `changes` may be repeated. */
export const createImageQuery = query({
  fromImage: queryText,
  fromSrc: queryText,
  repo: queryText,
  tag: queryText,
  message: queryText,
  platform: queryText,
  changes: queryText,
});

/** Query of `GET /images/json`. */
export const listImagesQuery = query({
  all: queryFlag,
  digests: queryFlag,
  filters: queryFilters,
  // Accepted and ignored, as in a Docker Engine that stores one platform per image.
  manifests: queryFlag,
  "shared-size": queryFlag,
  // A parameter of the first API versions, ignored: clients extract the IDs themselves.
  only_ids: queryFlag,
});

/** Query of `GET /images/{name}/json`, `/history` and `/get`. `manifests` is ignored. */
export const inspectImageQuery = query({ manifests: queryFlag, platform: queryPlatform });

/** Query of `GET /images/get`; `names` may be repeated. */
export const saveImagesQuery = query({ names: queryText, platform: queryPlatform });

/** Query of `DELETE /images/{name}`; `platforms` may be repeated. */
export const removeImageQuery = query({ force: queryFlag, noprune: queryFlag, platforms: queryText });

/** Query of `GET /images/search`. */
export const searchImagesQuery = query({ term: queryText, limit: queryInteger, filters: queryFilters });

/** Query of `POST /images/load`. */
export const loadImagesQuery = query({ quiet: queryFlag, platform: queryPlatform });

/** Query of `POST /images/{name}/tag` and `/push`. */
export const tagImageQuery = query({
  repo: queryText,
  tag: queryText,
  platform: queryPlatform,
  // Accepted and ignored: an existing tag always moves.
  force: queryFlag,
  // An addition of tbox: the compression of plain layers in a push.
  compression: z.enum(["none", "gzip", "zstd"], "must be none, gzip or zstd").optional(),
  compressionLevel: queryInteger,
});

/** Query of `POST /tbox/check`. */
export const checkStoreQuery = query({ repair: queryFlag });
