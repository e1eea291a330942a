import { Elysia } from "elysia";
import { diskUsageTypes } from "#api/system.ts";
import type { Engine } from "#engine/engine.ts";
import { containerSizes } from "../container-sizes.ts";
import { shapeDiskUsage } from "../shape/disk-usage.ts";
import { shapeInformation } from "../shape/information.ts";
import { shapeVersion } from "../shape/version.ts";

const pingHeaders = {
  "Builder-Version": "1",
  "Cache-Control": "no-cache, no-store, must-revalidate",
  "Content-Type": "text/plain; charset=utf-8",
  Pragma: "no-cache",
  Swarm: "inactive",
};

const everything = { all: true, filters: new Map<string, string[]>() };

export function systemRoutes(engine: Engine) {
  const { images, containers } = engine;
  return new Elysia()
    .get("/_ping", () => new Response("OK", { headers: pingHeaders }))
    .head("/_ping", () => new Response("OK", { headers: pingHeaders }))
    .get("/version", async () => shapeVersion((await engine.information()).kernelVersion))
    .get("/info", async () =>
      shapeInformation(await engine.information(), {
        images: (await images.list(everything)).length,
        states: containers.list(everything).map(({ state }) => state.status),
        now: new Date(),
      }),
    )
    .get("/system/df", async ({ request }) => {
      const wanted = diskUsageTypes.parse(new URL(request.url).searchParams.getAll("type"));
      return shapeDiskUsage(await measure(engine, wanted), Date.now());
    });
}

async function measure(engine: Engine, wanted: readonly string[]) {
  const wants = (type: string) => wanted.length === 0 || wanted.includes(type);
  const records = wants("container") ? engine.containers.list(everything) : undefined;
  const measured = records?.map(async (record) => ({ record, sizes: await containerSizes(engine, record) }));
  return {
    ...(wants("image") ? { images: await engine.images.usage() } : {}),
    ...(measured === undefined ? {} : { containers: await Promise.all(measured) }),
  };
}
