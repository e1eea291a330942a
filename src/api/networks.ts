import { z } from "zod";
import { queryFilters } from "./filters.ts";
import { objectName } from "./names.ts";
import { query, queryFlag } from "./query.ts";

/** Parameters of `/networks/{id}`. */
export const networkParams = z.strictObject({ id: objectName });

export const listNetworksQuery = query({ filters: queryFilters });

/** Without swarms there is nothing but local networks, and nothing more to say of them. */
export const inspectNetworkQuery = query({
  verbose: queryFlag,
  scope: z.enum(["", "local", "swarm"]).exactOptional(),
});
