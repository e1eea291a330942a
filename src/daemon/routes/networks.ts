import { Elysia } from "elysia";
import { inspectNetworkQuery, listNetworksQuery, networkParams as params } from "#api/networks.ts";
import type { Engine } from "#engine/engine.ts";
import { shapeNetwork } from "../shape/networks.ts";

const running = { all: false, filters: new Map<string, string[]>() };

export function networkRoutes({ networks, containers }: Engine) {
  return new Elysia()
    .get(
      "/networks",
      ({ query: { filters = new Map() } }) =>
        networks.list(filters).map((network) => shapeNetwork(network, [])),
      { query: listNetworksQuery },
    )
    .get("/networks/:id", ({ params: { id } }) => shapeNetwork(networks.get(id), containers.list(running)), {
      params,
      query: inspectNetworkQuery,
    });
}
