import { requestJson } from "#client/api.ts";
import { daemonSocket } from "#client/daemon/socket-path.ts";
import { tryConnect } from "#client/daemon/try-connect.ts";
import { asObject, asObjects, textAt, textsAt } from "#client/json.ts";

export type NameKind = "container" | "image" | "volume" | "network";

/** Returns the names of all objects of a kind. Returns none without a daemon: completion does not start one. */
export async function namesOf(kind: NameKind): Promise<string[]> {
  const probe = await tryConnect(await daemonSocket());
  if (!probe) return [];
  probe.close();
  switch (kind) {
    case "container": {
      const list = asObjects(await requestJson("GET", "/containers/json", { query: { all: "1" } }));
      return list.flatMap((one) => textsAt(one, "Names").map((name) => name.slice(1)));
    }
    case "image":
      return asObjects(await requestJson("GET", "/images/json")).flatMap((one) => textsAt(one, "RepoTags"));
    case "volume":
      return asObjects(asObject(await requestJson("GET", "/volumes")).Volumes).map((one) =>
        textAt(one, "Name"),
      );
    case "network":
      return asObjects(await requestJson("GET", "/networks")).map((one) => textAt(one, "Name"));
  }
}
