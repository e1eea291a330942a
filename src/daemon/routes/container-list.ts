import { Elysia } from "elysia";
import type { ContainerSummary } from "#api/answers/container-summary.ts";
import type { ProcessTable } from "#api/answers/containers.ts";
import { inspectContainerQuery, listContainersQuery, topContainerQuery } from "#api/requests/containers.ts";
import { containerParams as params } from "#api/schema/names.ts";
import type { ListFilter } from "#containers/state/list-containers.ts";
import type { Engine } from "#engine/engine.ts";
import { keptList, ObjectCache, timedList } from "#support/object-cache.ts";
import { shapeContainer } from "../answers/containers/container-inspect.ts";
import { containerSizes } from "../answers/containers/container-sizes.ts";
import { containerSummary, summaryOfVersion } from "../answers/containers/container-summary.ts";
import { shapeChanges } from "../answers/containers/file-changes.ts";
import { summaryContext } from "../answers/containers/summary-context.ts";
import { jsonList, shapedList } from "../http/json-list.ts";
import { apiVersion } from "../requests/api-target.ts";

/** Requests that read containers. */
export function containerListRoutes(engine: Engine, dataDirectory: string) {
  const { containers } = engine;
  const whole = openWholeLists(engine, dataDirectory);
  return new Elysia()
    .get(
      "/containers/json",
      ({ query: { all = false, filters = new Map(), size, limit = 0 }, request: { headers } }) => {
        const version = apiVersion(headers);
        if (filters.size === 0 && limit <= 0 && !size) return whole(all, version);
        const filter = { ...boundsOf(all, limit), filters };
        return listContainers(engine, { filter, size, dataDirectory, version });
      },
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
function boundsOf(all: boolean, limit: number): Omit<ListFilter, "filters"> {
  return limit > 0 ? { all: true, limit } : { all };
}

/** Returns a function that answers with all containers, or all running ones, and caches each list until it changes. */
function openWholeLists(engine: Engine, dataDirectory: string): (all: boolean, version: number) => Response {
  const { containers, images, networks } = engine;
  const lists = new ObjectCache<object, readonly ContainerSummary[]>();
  const kept: Record<"all" | "running", (readonly ContainerSummary[])[]> = { all: [], running: [] };
  return (all, version) => {
    const inputs = [version, containers.queries.revision(), images.revision(), networks.revision()];
    const key = all ? kept.all : kept.running;
    const list = lists.get(key, inputs, Date.now(), () => {
      const context = summaryContext(engine, dataDirectory);
      const records = containers.queries.list({ all, filters: new Map() });
      const { value, until } = timedList(records.map((record) => containerSummary(record, context)));
      const summaries = value.map((summary) => summaryOfVersion(summary, version));
      return { value: keptList(key, summaries), until };
    });
    return jsonList(list.value);
  };
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
  return shapedList(records, (record) =>
    summaryOfVersion(
      containerSummary(record, sizes ? { ...context, sizes: sizes.get(record.id) } : context).value,
      version,
    ),
  );
}
