import { Elysia } from "elysia";
import { TboxError } from "#support/errors.ts";

type Method = "GET" | "HEAD" | "POST" | "PUT" | "DELETE";

/** Docker's endpoints that tbox does not have yet. */
const endpoints: [Method, string, string][] = [
  ["DELETE", "/plugins/:id", "plugins"],
  ["POST", "/plugins/:id/:action", "plugins"],
  ["POST", "/plugins/create", "plugins"],
  ["GET", "/plugins/privileges", "plugins"],
  ["POST", "/plugins/pull", "plugins"],
  ["POST", "/swarm/init", "swarms"],
  ["POST", "/swarm/join", "swarms"],
  ["PUT", "/volumes/:id", "volumes of a cluster"],
];

/** Of these there is none in tbox: the answer for one of them is Docker's for one that is not there. */
const absent: ["GET" | "DELETE", string, (name: string) => string][] = [
  ["GET", "/plugins/:id/json", (name) => `plugin "${name}" not found`],
];

const swarm = ["/swarm", "/nodes", "/services", "/tasks", "/secrets", "/configs"];

export function unsupportedRoutes() {
  const routes = new Elysia({ detail: { hide: true } }).get("/plugins", () => []);
  for (const [method, path, what] of endpoints) {
    routes.route(method, path, () => refuse(what), { parse: "none" });
  }
  for (const [method, path, message] of absent) {
    routes.route(method, path, ({ params }) => refuseName(message(nameIn(params))));
  }
  for (const path of swarm) routes.all(path, refuseSwarm).all(`${path}/*`, refuseSwarm);
  return routes;
}

/** Throws not-implemented for an endpoint. */
function refuse(what: string): never {
  throw new TboxError("not-implemented", `tbox does not yet support ${what}`);
}

/** Throws not-implemented for the first query parameter that is set. */
export function refuseParameters(parameters: Record<string, string | boolean | undefined>): void {
  for (const [name, value] of Object.entries(parameters)) {
    if (value) throw new TboxError("not-implemented", `${name}: not supported yet`);
  }
}

function nameIn(params: { id?: unknown }): string {
  return String(params.id ?? "");
}

function refuseName(message: string): never {
  throw new TboxError("not-found", message);
}

function refuseSwarm(): never {
  const remedy =
    'Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
  throw new TboxError("unavailable", `This node is not a swarm manager. ${remedy}`);
}
