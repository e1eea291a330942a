import { Elysia } from "elysia";
import { readArchiveQuery, writeArchiveQuery } from "#api/requests/archive.ts";
import { containerParams as params } from "#api/schema/names.ts";
import type { Containers } from "#containers/containers.ts";
import { shapePathStat } from "../answers/containers/path-stat.ts";
import { empty } from "../answers/status-only.ts";
import { streamed } from "../http/streamed.ts";
import { statHeader } from "./archive-stat.ts";

/** Requests that copy files in and out of containers, as tar archives. */
export function archiveRoutes(containers: Pick<Containers, "files">) {
  return new Elysia()
    .get(
      "/containers/:id/archive",
      async ({ params: { id }, query: { path } }) => {
        const { status, stream } = await containers.files.archive(id, path);
        const response = streamed(stream, "application/x-tar");
        response.headers.set(statHeader, shapePathStat(path, status));
        return response;
      },
      { params, query: readArchiveQuery },
    )
    .put(
      "/containers/:id/archive",
      async ({
        params: { id },
        query: { path, noOverwriteDirNonDir: keepKinds = false },
        request: { body },
      }) => {
        await containers.files.extract(id, path, { archive: body ?? new Blob().stream(), keepKinds });
        return empty();
      },
      { params, query: writeArchiveQuery, parse: "none" },
    )
    .get(
      "/containers/:id/export",
      async ({ params: { id } }) => streamed(await containers.files.export(id), "application/octet-stream"),
      { params },
    );
}
