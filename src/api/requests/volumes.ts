import { z } from "zod";
import { dictionary } from "../schema/dictionary.ts";
import { dockerObject } from "../schema/docker-object.ts";
import { queryFilters } from "../schema/filters.ts";
import { objectName } from "../schema/names.ts";
import { query, queryFlag } from "../schema/query.ts";

/** Schema of the parameters of `/volumes/{name}`. */
export const volumeParams = z.strictObject({ name: objectName });

/** Query of `GET /volumes` and `POST /volumes/prune`. */
export const listVolumesQuery = query({ filters: queryFilters });

/** Query of `DELETE /volumes/{name}`. */
export const removeVolumeQuery = query({ force: queryFlag });

/** Body of `POST /volumes/create`. */
export const createVolumeSchema = dockerObject(
  {
    Name: z.string().exactOptional(),
    Driver: z.string().exactOptional(),
    Labels: dictionary(z.string()).exactOptional(),
    DriverOpts: dictionary(z.string()).exactOptional(),
  },
  { unsupported: { ClusterVolumeSpec: [] } },
);
