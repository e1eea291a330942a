import { Elysia } from "elysia";
import type { Created } from "#api/answers/containers.ts";
import { createExecSchema, execParams, resizeExecQuery } from "#api/requests/execs.ts";
import { containerParams } from "#api/schema/names.ts";
import type { Containers } from "#containers/containers.ts";
import { shapeExec } from "../answers/containers/exec.ts";
import { created, empty } from "../answers/status-only.ts";
import { jsonBody } from "../requests/json-body.ts";
import { parseKeys } from "../streams/detach.ts";

/**
 * Requests about programs in running containers. `POST /exec/{id}/start` is not here, because that request takes its
 * connection over.
 */
export function execRoutes({ execs }: Pick<Containers, "execs">) {
  return new Elysia()
    .post(
      "/containers/:id/exec",
      ({ params: { id }, body: { Container: _, Detach: __, ...request } }) => {
        parseKeys(request.DetachKeys);
        return created<Created>({ Id: execs.create(id, request) });
      },
      { params: containerParams, body: createExecSchema, parse: jsonBody },
    )
    .get("/exec/:id/json", ({ params: { id } }) => shapeExec(execs.get(id)), { params: execParams })
    .post(
      "/exec/:id/resize",
      ({ params: { id }, query: { h, w } }) => {
        execs.resize(id, { columns: w, rows: h });
        return empty();
      },
      { params: execParams, query: resizeExecQuery },
    );
}
