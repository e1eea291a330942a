import { daemonSocket } from "#client/daemon/socket-path.ts";
import { tryConnect } from "#client/daemon/try-connect.ts";
import { fetchJson } from "#client/endpoints.ts";

/** Types of objects whose names completion fetches. */
export type NameKind = "container" | "image" | "volume" | "network";

/** Returns the names of all objects of a kind. Returns none without a daemon: completion does not start one. */
export async function namesOf(kind: NameKind): Promise<string[]> {
  const probe = await tryConnect(await daemonSocket());
  if (!probe) return [];
  probe.close();
  switch (kind) {
    case "container": {
      const containers = await fetchJson("GET /containers/json", { query: { all: "1" } });
      return containers.flatMap(({ Names }) => Names.map((name) => name.slice(1)));
    }
    case "image":
      return (await fetchJson("GET /images/json")).flatMap(({ RepoTags }) => RepoTags);
    case "volume":
      return (await fetchJson("GET /volumes")).Volumes.map(({ Name }) => Name);
    case "network":
      return (await fetchJson("GET /networks")).map(({ Name }) => Name);
  }
}
