import { Elysia } from "elysia";
import { TboxError } from "#support/errors.ts";

type Method = "GET" | "HEAD" | "POST" | "PUT" | "DELETE";

/** Docker's endpoints that tbox does not support, and the feature that each belongs to. */
const endpoints: [Method, string, string][] = [
  ["DELETE", "/plugins/:id", "plugins"],
  ["POST", "/plugins/:id/:action", "plugins"],
  ["POST", "/plugins/create", "plugins"],
  ["GET", "/plugins/privileges", "plugins"],
  ["POST", "/plugins/pull", "plugins"],
  ["POST", "/swarm/init", "swarms"],
  ["POST", "/swarm/join", "swarms"],
];

/** Paths of Docker's swarm mode. */
const swarm = ["/swarm", "/nodes", "/services", "/tasks", "/secrets", "/configs"];

/** Answers Docker's endpoints that tbox does not have, as Docker answers when an object or a feature is absent. */
export function unsupportedRoutes() {
  const routes = new Elysia({ detail: { hide: true } })
    .get("/plugins", () => [])
    .get("/plugins/:id/json", ({ params: { id } }) => {
      throw new TboxError("not-found", `plugin "${id}" not found`);
    });
  for (const [method, path, feature] of endpoints) {
    routes.route(method, path, () => refuse(feature), { parse: "none" });
  }
  routes.put("/volumes/:id", refuseVolumeUpdate, { parse: "none" });
  for (const path of swarm) routes.all(path, refuseSwarm).all(`${path}/*`, refuseSwarm);
  return routes;
}

function refuse(feature: string): never {
  throw new TboxError("not-implemented", `tbox does not yet support ${feature}`);
}

function refuseVolumeUpdate(): never {
  const message = "volume update only valid for cluster volumes, but swarm is unavailable";
  throw new TboxError("unavailable", message);
}

function refuseSwarm(): never {
  const remedy =
    'Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
  throw new TboxError("unavailable", `This node is not a swarm manager. ${remedy}`);
}
