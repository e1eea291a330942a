import { Elysia } from "elysia";
import { eventsQuery } from "#api/requests/events.ts";
import { diskUsageTypes } from "#api/requests/system.ts";
import type { Engine } from "#engine/engine.ts";
import type { EngineEvent } from "#engine/events.ts";
import { invalidArgument } from "#support/errors.ts";
import { containerSizes } from "../answers/container-sizes.ts";
import { shapeDiskUsage } from "../answers/disk-usage.ts";
import { shapeEvent } from "../answers/event.ts";
import { shapeInformation } from "../answers/information.ts";
import { shapeVersion } from "../answers/version.ts";
import { streamed } from "../http/streamed.ts";
import { eventFilter } from "../requests/event-filter.ts";

const pingHeaders = {
  "Builder-Version": "1",
  "Cache-Control": "no-cache, no-store, must-revalidate",
  "Content-Type": "text/plain; charset=utf-8",
  Pragma: "no-cache",
  Swarm: "inactive",
};

const everything = { all: true, filters: new Map<string, string[]>() };

export function systemRoutes(engine: Engine, dataDirectory: string) {
  const { images, containers } = engine;
  return new Elysia()
    .get("/_ping", () => new Response("OK", { headers: pingHeaders }))
    .head("/_ping", () => new Response("OK", { headers: pingHeaders }))
    .get("/version", async () => shapeVersion((await engine.information()).kernelVersion))
    .get("/info", async () =>
      shapeInformation(await engine.information(), {
        images: (await images.list(everything)).length,
        states: containers.queries.list(everything).map(({ state }) => state.status),
        now: new Date(),
      }),
    )
    .get(
      "/events",
      ({ query: { since, until, filters = new Map() }, request: { signal } }) => {
        const passes = eventFilter(filters);
        if (since !== undefined && until !== undefined && since > until) {
          throw invalidArgument("`since` cannot be after `until`");
        }
        const options = {
          signal,
          ...(since === undefined ? {} : { since }),
          ...(until === undefined ? {} : { until }),
        };
        return streamed(lines(engine.events.read(options), passes), "application/json");
      },
      { query: eventsQuery },
    )
    .get("/system/df", async ({ request }) => {
      const wanted = diskUsageTypes.parse(new URL(request.url).searchParams.getAll("type"));
      return shapeDiskUsage(await measure(engine, wanted), {
        now: Date.now(),
        directory: dataDirectory,
        networks: engine.networks,
        links: containers.networking.links(),
        imageNamed: (name) => images.known(name),
      });
    });
}

async function* lines(events: AsyncIterable<EngineEvent>, passes: (event: EngineEvent) => boolean) {
  for await (const event of events) if (passes(event)) yield `${JSON.stringify(shapeEvent(event))}\n`;
}

async function measure(engine: Engine, wanted: readonly string[]) {
  const wants = (type: string) => wanted.length === 0 || wanted.includes(type);
  return {
    ...(wants("image") ? { images: await engine.images.usage() } : {}),
    ...(wants("volume") ? { volumes: await measureVolumes(engine) } : {}),
    ...(wants("container") ? { containers: await measureContainers(engine) } : {}),
    ...(wants("build-cache") ? { builds: await engine.builder.usage() } : {}),
  };
}

/** All files of a container, not its writable layer alone. */
async function measureContainers(engine: Engine) {
  const sizes = await engine.containers.admin.diskUsage();
  const measured = engine.containers.queries.list(everything).map(async (record) => {
    const { writable, root } = await containerSizes(engine, record);
    const all = sizes.get(record.id) ?? 0;
    return { record, sizes: { writable: all, root: root - writable + all } };
  });
  return await Promise.all(measured);
}

async function measureVolumes({ volumes, containers }: Engine) {
  const sizes = await volumes.sizes();
  const used = containers.queries
    .list(everything)
    .flatMap(({ volumes: own = [] }) => own.map(({ name }) => name));
  return volumes.list({ filters: new Map() }).map((volume) => ({
    volume,
    mountpoint: volumes.mountpoint(volume.name),
    size: sizes.get(volume.name) ?? 0,
    users: used.filter((name) => name === volume.name).length,
  }));
}
