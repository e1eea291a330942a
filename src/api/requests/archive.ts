import { z } from "zod";
import { query, queryFlag } from "../schema/query.ts";

const path = z.string("missing required query parameter");

/** Query of `GET` and `HEAD /containers/{id}/archive`. */
export const readArchiveQuery = query({ path });

/** Query of `PUT /containers/{id}/archive`. */
export const writeArchiveQuery = query({
  path,
  noOverwriteDirNonDir: queryFlag,
  // Accepted and ignored: files always get the owners of the archive.
  copyUIDGID: queryFlag,
});
