import { Elysia } from "elysia";
import {
  commitContainerQuery,
  createContainerQuery,
  inspectContainerQuery,
  killContainerQuery,
  listContainersQuery,
  pruneQuery,
  removeContainerQuery,
  renameContainerQuery,
  resizeContainerQuery,
  startContainerQuery,
  stopContainerQuery,
  topContainerQuery,
  updateContainerSchema,
} from "#api/requests/containers.ts";
import { linkParams, containerParams as params } from "#api/schema/names.ts";
import type { Engine } from "#engine/engine.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { shapeChanges } from "../answers/change.ts";
import { shapeContainer } from "../answers/container-inspect.ts";
import { containerSizes } from "../answers/container-sizes.ts";
import { shapeContainerSummary } from "../answers/container-summary.ts";
import { created, empty, noContent } from "../answers/empty-answers.ts";
import { commitContainer } from "../requests/commit-container.ts";
import { parseCreateBody } from "../requests/create-body.ts";

export function containerRoutes(engine: Engine, dataDirectory: string) {
  const { containers } = engine;
  return new Elysia()
    .get(
      "/containers/json",
      ({ query: { all = false, filters = new Map(), size = false, limit } }) => {
        // Docker takes a limit as a wish for the last ones, whatever their state.
        const bounded = limit !== undefined && limit > 0 ? { all: true, limit } : { all };
        const now = Date.now();
        const links = containers.networking.links();
        return Promise.all(
          containers.queries.list({ ...bounded, filters }).map(async (record) =>
            shapeContainerSummary(record, {
              now,
              directory: dataDirectory,
              networks: engine.networks,
              links,
              imageNamed: (name) => engine.images.known(name),
              sizes: size ? await containerSizes(engine, record) : undefined,
            }),
          ),
        );
      },
      { query: listContainersQuery },
    )
    .post(
      "/containers/create",
      async ({ query, request }) => {
        const body = await parseCreateBody(request, query);
        const { name, platform } = query;
        const { id, warnings } = await containers.lifecycle.create(body, {
          ...(name ? { name } : {}),
          ...(platform ? { platform } : {}),
        });
        return created({ Id: id, Warnings: warnings });
      },
      { query: createContainerQuery, parse: "none" },
    )
    .get(
      "/containers/:id/json",
      async ({ params: { id }, query: { size } }) => {
        const record = containers.queries.get(id);
        return shapeContainer(record, {
          directory: dataDirectory,
          execs: containers.execs.running(record.id),
          networks: engine.networks,
          links: containers.networking.links(record),
          sizes: size ? await containerSizes(engine, record) : undefined,
        });
      },
      { params, query: inspectContainerQuery },
    )
    .post(
      "/containers/:id/start",
      async ({ params: { id }, request }) => {
        if (request.body !== null) {
          const message = "starting container with non-empty request body is not supported";
          throw invalidArgument(message);
        }
        return noContent((await containers.lifecycle.start(id)) === "started" ? "done" : "unchanged");
      },
      { params, query: startContainerQuery, parse: "none" },
    )
    .post(
      "/containers/:id/stop",
      async ({ params: { id }, query: { t, signal } }) => {
        const outcome = await containers.lifecycle.stop(id, {
          ...(t === undefined ? {} : { timeout: t }),
          ...(signal === undefined ? {} : { signal }),
        });
        return noContent(outcome === "stopped" ? "done" : "unchanged");
      },
      { params, query: stopContainerQuery },
    )
    .post(
      "/containers/:id/restart",
      async ({ params: { id }, query: { t, signal } }) => {
        await containers.lifecycle.restart(id, {
          ...(t === undefined ? {} : { timeout: t }),
          ...(signal === undefined ? {} : { signal }),
        });
        return noContent();
      },
      { params, query: stopContainerQuery },
    )
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
      ({ params: { id }, body }) => ({ Warnings: containers.lifecycle.update(id, body).warnings }),
      { params, body: updateContainerSchema },
    )
    .post(
      "/containers/:id/pause",
      async ({ params: { id } }) => {
        await containers.lifecycle.pause(id);
        return noContent();
      },
      { params },
    )
    .post(
      "/containers/:id/unpause",
      async ({ params: { id } }) => {
        await containers.lifecycle.unpause(id);
        return noContent();
      },
      { params },
    )
    .get(
      "/containers/:id/top",
      async ({ params: { id }, query: { ps_args = "" } }) => {
        const { titles, processes } = await containers.admin.top(id, ps_args);
        return { Titles: titles, Processes: processes };
      },
      { params, query: topContainerQuery },
    )
    .get(
      "/containers/:id/changes",
      async ({ params: { id } }) => Response.json(shapeChanges(await containers.files.changes(id))),
      { params },
    )
    .post("/commit", ({ query, request }) => commitContainer(containers, query, request), {
      query: commitContainerQuery,
      parse: "none",
    })
    .post(
      "/containers/prune",
      async ({ query: { filters = new Map() } }) => {
        const { ids, space } = await containers.admin.prune(filters);
        return { ContainersDeleted: ids, SpaceReclaimed: space };
      },
      { query: pruneQuery },
    )
    .post(
      "/containers/:id/kill",
      async ({ params: { id }, query }) => {
        await containers.lifecycle.kill(id, query);
        return noContent();
      },
      { params, query: killContainerQuery },
    )
    .post(
      "/containers/:id/resize",
      async ({ params: { id }, query: { h, w } }) => {
        await containers.streams.resize(id, { columns: w, rows: h });
        return empty();
      },
      { params, query: resizeContainerQuery },
    )
    .delete(
      "/containers/:id",
      async ({ params: { id }, query: { force = false, v = false, link = false } }) => {
        if (link) {
          throw new TboxError(
            "conflict",
            `Conflict, cannot remove the default link name of the container: ${id}`,
          );
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
