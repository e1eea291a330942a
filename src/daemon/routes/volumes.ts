import { Elysia } from "elysia";
import type { VolumesPruned } from "#api/answers/prune.ts";
import type { VolumeInspect } from "#api/answers/volumes.ts";
import {
  createVolumeSchema,
  listVolumesQuery,
  volumeParams as params,
  removeVolumeQuery,
} from "#api/requests/volumes.ts";
import { TboxError } from "#support/errors.ts";
import { ObjectCache, timeless } from "#support/object-cache.ts";
import type { Volume, Volumes } from "#volumes/volumes.ts";
import { created, noContent } from "../answers/status-only.ts";
import { shapeVolume } from "../answers/volume.ts";
import { jsonList } from "../http/json-list.ts";
import { apiVersion } from "../requests/api-target.ts";
import { jsonBody } from "../requests/json-body.ts";

/** Requests about volumes. */
export function volumeRoutes(volumes: Volumes) {
  const shape = (volume: Volume) => shapeVolume(volume, volumes.mountpoint(volume.name));
  const lists = new ObjectCache<object, VolumeInspect[]>();
  const items = new WeakMap<Volume, VolumeInspect>();
  // A volume never changes, so its item is cached.
  const listed = (volume: Volume) => {
    const item = items.get(volume) ?? shape(volume);
    items.set(volume, item);
    return item;
  };
  return new Elysia()
    .get(
      "/volumes",
      ({ query: { filters = new Map() } }) => {
        const list = () => volumes.list({ filters }).map(listed);
        const kept = () => lists.get(volumes, [volumes.revision()], Date.now(), () => timeless(list())).value;
        const around = (Volumes: readonly object[]) => ({ Volumes, Warnings: null });
        return jsonList(filters.size > 0 ? list() : kept(), around);
      },
      { query: listVolumesQuery },
    )
    .post(
      "/volumes/create",
      ({ body: { Name: name = "", Driver: driver = "local", Labels: labels, DriverOpts: options } }) => {
        if (driver !== "local") {
          const shown = name || "a volume without a name";
          const reason = `plugin ${JSON.stringify(driver)} not found: there is only the driver local`;
          throw new TboxError(
            "not-found",
            `create ${shown}: error looking up volume plugin ${driver}: ${reason}`,
          );
        }
        const volume = volumes.create({
          ...(name ? { name } : {}),
          ...(labels ? { labels } : {}),
          ...(options ? { options } : {}),
        });
        return created<VolumeInspect>(shape(volume));
      },
      { body: createVolumeSchema, parse: jsonBody },
    )
    .post(
      "/volumes/prune",
      async ({ query: { filters = new Map() }, request: { headers } }): Promise<VolumesPruned> => {
        // Before 1.42, every prune included named volumes.
        if (apiVersion(headers) < 42 && !filters.has("all")) filters.set("all", ["1"]);
        const { names, space } = await volumes.prune(filters);
        return { VolumesDeleted: names, SpaceReclaimed: space };
      },
      { query: listVolumesQuery },
    )
    .get("/volumes/:name", ({ params: { name } }) => shape(volumes.get(name)), { params })
    .delete(
      "/volumes/:name",
      ({ params: { name }, query: { force = false } }) => {
        volumes.remove(name, { force });
        return noContent();
      },
      { params, query: removeVolumeQuery },
    );
}
