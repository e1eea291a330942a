import { Elysia } from "elysia";
import type { NetworkCreated, NetworkInspect } from "#api/answers/networks.ts";
import type { NetworksPruned } from "#api/answers/prune.ts";
import {
  connectNetworkSchema,
  createNetworkSchema,
  disconnectNetworkSchema,
  inspectNetworkQuery,
  listNetworksQuery,
  networkParams as params,
  pruneNetworksQuery,
} from "#api/requests/networks.ts";
import type { Engine } from "#engine/engine.ts";
import { TboxError } from "#support/errors.ts";
import { ObjectCache, timeless } from "#support/object-cache.ts";
import { networkSummary, shapeNetwork } from "../answers/network.ts";
import { created, empty, noContent } from "../answers/status-only.ts";
import { jsonList } from "../http/json-list.ts";
import { jsonBody } from "../requests/json-body.ts";

const running = { all: false, filters: new Map<string, string[]>() };

/** Requests about networks. */
export function networkRoutes({ networks, containers }: Engine) {
  const lists = new ObjectCache<object, NetworkInspect[]>();
  return new Elysia()
    .get(
      "/networks",
      ({ query: { filters = new Map() } }) => {
        const list = () => networks.list(filters).map(networkSummary);
        if (filters.size > 0) return jsonList(list());
        return jsonList(lists.get(networks, [networks.revision()], Date.now(), () => timeless(list())).value);
      },
      { query: listNetworksQuery },
    )
    .post(
      "/networks/create",
      ({ body: { value, warnings } }) =>
        created<NetworkCreated>({ Id: networks.create(value).id, Warning: warnings.join("; ") }),
      {
        body: createNetworkSchema,
        parse: jsonBody,
      },
    )
    .post(
      "/networks/prune",
      async ({ query: { filters = new Map() } }): Promise<NetworksPruned> => ({
        NetworksDeleted: await networks.prune(filters),
      }),
      { query: pruneNetworksQuery },
    )
    .get(
      "/networks/:id",
      ({ params: { id }, query: { scope } }) => {
        // Every network is local.
        if (scope === "swarm") throw new TboxError("not-found", `network ${id} not found`);
        return shapeNetwork(networks.get(id), containers.queries.list(running));
      },
      {
        params,
        query: inspectNetworkQuery,
      },
    )
    .delete(
      "/networks/:id",
      async ({ params: { id } }) => {
        await networks.remove(id);
        return noContent();
      },
      { params },
    )
    .post(
      "/networks/:id/connect",
      async ({ params: { id: network }, body: { Container: container, EndpointConfig: settings = {} } }) => {
        await containers.networking.connect(container, { network, settings });
        return empty();
      },
      { params, body: connectNetworkSchema, parse: jsonBody },
    )
    .post(
      "/networks/:id/disconnect",
      async ({ params: { id: network }, body: { Container: container } }) => {
        await containers.networking.disconnect(container, network);
        return empty();
      },
      { params, body: disconnectNetworkSchema, parse: jsonBody },
    );
}
