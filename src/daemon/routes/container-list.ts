import { Elysia } from "elysia";
import type { ProcessTable } from "#api/answers/containers.ts";
import { inspectContainerQuery, listContainersQuery, topContainerQuery } from "#api/requests/containers.ts";
import { containerParams as params } from "#api/schema/names.ts";
import type { ListFilter } from "#containers/state/list-containers.ts";
import type { Engine } from "#engine/engine.ts";
import { shapeContainer } from "../answers/containers/container-inspect.ts";
import { containerSizes } from "../answers/containers/container-sizes.ts";
import { shapeContainerSummary, summaryOfVersion } from "../answers/containers/container-summary.ts";
import { shapeChanges } from "../answers/containers/file-changes.ts";
import { summaryContext } from "../answers/containers/summary-context.ts";
import { jsonList } from "../http/json-list.ts";
import { apiVersion } from "../requests/api-target.ts";

/** Requests that read containers. */
export function containerListRoutes(engine: Engine, dataDirectory: string) {
  const { containers } = engine;
  return new Elysia()
    .get(
      "/containers/json",
      ({ query: { all, filters = new Map(), size, limit }, request: { headers } }) =>
        listContainers(engine, {
          filter: { ...boundsOf(all, limit), filters },
          size,
          dataDirectory,
          version: apiVersion(headers),
        }),
      { query: listContainersQuery },
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
          sizes: size ? (await containerSizes(engine, [record])).get(record.id) : undefined,
        });
      },
      { params, query: inspectContainerQuery },
    )
    .get(
      "/containers/:id/top",
      async ({ params: { id }, query: { ps_args = "" } }): Promise<ProcessTable> => {
        const { titles, processes } = await containers.admin.top(id, ps_args);
        return { Titles: titles, Processes: processes };
      },
      { params, query: topContainerQuery },
    )
    .get(
      "/containers/:id/changes",
      async ({ params: { id } }) => Response.json(shapeChanges(await containers.files.changes(id))),
      { params },
    );
}

/** Returns the filter for `all` and `limit`. With a limit, Docker lists the newest containers in any state. */
function boundsOf(all = false, limit = 0): Omit<ListFilter, "filters"> {
  return limit > 0 ? { all: true, limit } : { all };
}

interface ListOptions {
  filter: ListFilter;
  /** Whether the answer has sizes. */
  size: boolean | undefined;
  dataDirectory: string;
  /** Minor version of the API. */
  version: number;
}

async function listContainers(engine: Engine, { filter, size, dataDirectory, version }: ListOptions) {
  const records = engine.containers.queries.list(filter);
  const sizes = size ? await containerSizes(engine, records) : undefined;
  const context = summaryContext(engine, dataDirectory);
  return jsonList(records, (record) =>
    summaryOfVersion(
      shapeContainerSummary(record, sizes ? { ...context, sizes: sizes.get(record.id) } : context),
      version,
    ),
  );
}
