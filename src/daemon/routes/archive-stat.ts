import { readArchiveQuery } from "#api/requests/archive.ts";
import { containerParams } from "#api/schema/names.ts";
import type { Containers } from "#containers/containers.ts";
import { commonHeaders } from "../answers/common-headers.ts";
import { shapePathStat } from "../answers/containers/path-stat.ts";
import type { Exchange } from "../http/adapter.ts";
import { sendResponse } from "../http/send-response.ts";
import { decodePathPart, parseQuery } from "../http/target.ts";

export const statHeader = "X-Docker-Container-Path-Stat";

const path = /^\/containers\/([^/]+)\/archive$/;

/** Reports whether a request is `HEAD /containers/{id}/archive`. */
export function isArchiveStat(method: string | undefined, target: string): boolean {
  return method === "HEAD" && path.test(target);
}

/**
 * Answers with the status of a file in a container. This is not a route, because Elysia answers HEAD with the route of
 * GET and would pack the whole archive to measure it.
 */
export async function answerArchiveStat(
  containers: Pick<Containers, "files">,
  { response, target }: Exchange,
): Promise<void> {
  const { id } = containerParams.parse({ id: decodePathPart(path.exec(target.path)?.[1] ?? "") });
  const query = readArchiveQuery.parse(parseQuery(target.search));
  const stat = shapePathStat(query.path, await containers.files.stat(id, query.path));
  const answer = new Response(null, { headers: { [statHeader]: stat } });
  await sendResponse(response, answer, { headers: commonHeaders, headOnly: true });
}
