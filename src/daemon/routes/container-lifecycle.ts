import { Elysia } from "elysia";
import {
  killContainerQuery,
  resizeContainerQuery,
  startContainerQuery,
  stopContainerQuery,
} from "#api/requests/containers.ts";
import { containerParams as params } from "#api/schema/names.ts";
import type { Containers } from "#containers/containers.ts";
import { empty, noContent } from "../answers/status-only.ts";
import { checkStartBody } from "../requests/start-body.ts";

/** Requests that start, stop and signal containers. */
export function containerLifecycleRoutes(containers: Pick<Containers, "lifecycle" | "streams">) {
  return new Elysia()
    .post(
      "/containers/:id/start",
      async ({ params: { id }, request }) => {
        await checkStartBody(request);
        return noContent((await containers.lifecycle.start(id)) === "started" ? "done" : "unchanged");
      },
      { params, query: startContainerQuery, parse: "none" },
    )
    .post(
      "/containers/:id/stop",
      async ({ params: { id }, query }) => {
        const outcome = await containers.lifecycle.stop(id, stopOptions(query));
        return noContent(outcome === "stopped" ? "done" : "unchanged");
      },
      { params, query: stopContainerQuery },
    )
    .post(
      "/containers/:id/restart",
      async ({ params: { id }, query }) => {
        await containers.lifecycle.restart(id, stopOptions(query));
        return noContent();
      },
      { params, query: stopContainerQuery },
    )
    .post(
      "/containers/:id/kill",
      async ({ params: { id }, query }) => {
        await containers.lifecycle.kill(id, query);
        return noContent();
      },
      { params, query: killContainerQuery },
    )
    .post("/containers/:id/pause", async ({ params: { id } }) => done(containers.lifecycle.pause(id)), {
      params,
    })
    .post("/containers/:id/unpause", async ({ params: { id } }) => done(containers.lifecycle.unpause(id)), {
      params,
    })
    .post(
      "/containers/:id/resize",
      async ({ params: { id }, query: { h, w } }) => {
        await containers.streams.resize(id, { columns: w, rows: h });
        return empty();
      },
      { params, query: resizeContainerQuery },
    );
}

async function done(deed: Promise<void>): Promise<Response> {
  await deed;
  return noContent();
}

function stopOptions({ t, signal }: { t?: number; signal?: string }) {
  return { ...(t === undefined ? {} : { timeout: t }), ...(signal === undefined ? {} : { signal }) };
}
