import { z } from "zod";
import { query, queryFlag } from "../schema/query.ts";

const path = z.string("missing required query parameter");

export const readArchiveQuery = query({ path });

export const writeArchiveQuery = query({
  path,
  noOverwriteDirNonDir: queryFlag,
  // Owners are always those of the archive.
  copyUIDGID: queryFlag,
});
