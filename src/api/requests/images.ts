import { queryFilters } from "../schema/filters.ts";
import { queryPlatform } from "../schema/platform.ts";
import { query, queryFlag, queryText } from "../schema/query.ts";

/** `changes` may be repeated. */
export const createImageQuery = query({
  fromImage: queryText,
  fromSrc: queryText,
  repo: queryText,
  tag: queryText,
  message: queryText,
  platform: queryText,
  changes: queryText,
});

export const listImagesQuery = query({
  all: queryFlag,
  digests: queryFlag,
  filters: queryFilters,
  manifests: queryFlag,
  "shared-size": queryFlag,
  // Of the first versions of the API: a client takes the IDs out by itself.
  only_ids: queryFlag,
});

export const inspectImageQuery = query({ manifests: queryFlag, platform: queryPlatform });

/** `names` may be repeated. */
export const saveImagesQuery = query({ names: queryText, platform: queryPlatform });

export const removeImageQuery = query({ force: queryFlag, noprune: queryFlag, platforms: queryText });

export const loadImagesQuery = query({ quiet: queryFlag, platform: queryPlatform });

/** Of a tag and of a push. */
export const tagImageQuery = query({
  repo: queryText,
  tag: queryText,
  platform: queryPlatform,
  // A tag always moves.
  force: queryFlag,
});

/** Of tbox's own check of the store. */
export const checkStoreQuery = query({ repair: queryFlag });
