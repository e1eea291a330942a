import { Elysia } from "elysia";
import type { ContainerUpdated } from "#api/answers/containers.ts";
import type { ContainersPruned } from "#api/answers/prune.ts";
import {
  pruneQuery,
  removeContainerQuery,
  renameContainerQuery,
  updateContainerSchema,
} from "#api/requests/containers.ts";
import { linkParams, containerParams as params } from "#api/schema/names.ts";
import type { Containers } from "#containers/containers.ts";
import { TboxError } from "#support/errors.ts";
import { noContent } from "../answers/status-only.ts";
import { jsonBody } from "../requests/json-body.ts";

/** Requests that change and remove containers. */
export function containerUpkeepRoutes(
  containers: Pick<Containers, "queries" | "lifecycle" | "admin" | "networking">,
) {
  return new Elysia()
    .post(
      "/containers/:id/rename",
      async ({ params: { id }, query: { name = "" } }) => {
        await containers.lifecycle.rename(id, name);
        return noContent();
      },
      { params, query: renameContainerQuery },
    )
    .post(
      "/containers/:id/update",
      ({ params: { id }, body: { value: changes, warnings } }): ContainerUpdated => ({
        Warnings: [...warnings, ...containers.lifecycle.update(id, changes).warnings],
      }),
      { params, body: updateContainerSchema, parse: jsonBody },
    )
    .post(
      "/containers/prune",
      async ({ query: { filters = new Map() } }): Promise<ContainersPruned> => {
        const { ids, space } = await containers.admin.prune(filters);
        return { ContainersDeleted: ids, SpaceReclaimed: space };
      },
      { query: pruneQuery },
    )
    .delete(
      "/containers/:id",
      async ({ params: { id }, query: { force = false, v = false, link = false } }) => {
        if (link) {
          containers.queries.get(id);
          const message = `Conflict, cannot remove the default link name of the container: ${id}`;
          throw new TboxError("conflict", message);
        }
        await containers.lifecycle.remove(id, { force, volumes: v });
        return noContent();
      },
      { params, query: removeContainerQuery },
    )
    .delete(
      "/containers/:id/:alias",
      async ({ params: { id, alias }, query: { link = false } }) => {
        if (!link) throw new TboxError("not-found", `No such container: ${id}/${alias}`);
        await containers.networking.unlink(id, alias);
        return noContent();
      },
      { params: linkParams, query: removeContainerQuery },
    );
}
