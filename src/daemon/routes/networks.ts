import { Elysia } from "elysia";
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
import { created, noContent } from "../answers/empty-answers.ts";
import { shapeNetwork } from "../answers/networks.ts";

const running = { all: false, filters: new Map<string, string[]>() };

export function networkRoutes({ networks, containers }: Engine) {
  return new Elysia()
    .get(
      "/networks",
      ({ query: { filters = new Map() } }) =>
        networks.list(filters).map((network) => shapeNetwork(network, [])),
      { query: listNetworksQuery },
    )
    .post("/networks/create", ({ body }) => created({ Id: networks.create(body).id, Warning: "" }), {
      body: createNetworkSchema,
    })
    .post(
      "/networks/prune",
      async ({ query: { filters = new Map() } }) => ({ NetworksDeleted: await networks.prune(filters) }),
      { query: pruneNetworksQuery },
    )
    .get(
      "/networks/:id",
      ({ params: { id } }) => shapeNetwork(networks.get(id), containers.queries.list(running)),
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
        return new Response();
      },
      { params, body: connectNetworkSchema },
    )
    .post(
      "/networks/:id/disconnect",
      async ({ params: { id: network }, body: { Container: container } }) => {
        await containers.networking.disconnect(container, network);
        return new Response();
      },
      { params, body: disconnectNetworkSchema },
    );
}
