import { Elysia } from "elysia";
import type { ContainerCreated, Created } from "#api/answers/containers.ts";
import { commitContainerQuery, createContainerQuery } from "#api/requests/containers.ts";
import type { Containers } from "#containers/containers.ts";
import { created } from "../answers/status-only.ts";
import { apiVersion } from "../requests/api-target.ts";
import { parseCommit } from "../requests/commit-container.ts";
import { parseCreateBody } from "../requests/create-body.ts";
import { createOfVersion } from "../requests/create-of-version.ts";

const macAddressWarning =
  "The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.";

/** Requests that create containers, and images from containers. */
export function containerCreateRoutes(containers: Pick<Containers, "lifecycle" | "files">) {
  return new Elysia()
    .post(
      "/containers/create",
      async ({ query, request }) => {
        const { value: body, warnings: ignored } = await parseCreateBody(request, query);
        const { name, platform } = query;
        const options = { ...(name ? { name } : {}), ...(platform ? { platform } : {}) };
        const version = apiVersion(request.headers);
        const { id, warnings } = await containers.lifecycle.create(createOfVersion(body, version), options);
        const deprecated = body.MacAddress && version >= 44 ? [macAddressWarning] : [];
        return created<ContainerCreated>({ Id: id, Warnings: [...ignored, ...deprecated, ...warnings] });
      },
      { query: createContainerQuery, parse: "none" },
    )
    .post(
      "/commit",
      async ({ query, request }) => {
        const options = await parseCommit(query, request);
        return created<Created>({ Id: await containers.files.commit(query.container, options) });
      },
      { query: commitContainerQuery, parse: "none" },
    );
}
