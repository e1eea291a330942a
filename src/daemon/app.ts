import { Elysia } from "elysia";
import type { Engine } from "#engine/engine.ts";
import { errorResponse } from "./answers/error-response.ts";
import { empty } from "./answers/status-only.ts";
import { parseQuery } from "./http/target.ts";
import { describeApi } from "./openapi.ts";
import { archiveRoutes } from "./routes/archives.ts";
import { buildRoutes } from "./routes/build.ts";
import { containerCreateRoutes } from "./routes/container-create.ts";
import { containerLifecycleRoutes } from "./routes/container-lifecycle.ts";
import { containerListRoutes } from "./routes/container-list.ts";
import { containerStreamRoutes } from "./routes/container-streams.ts";
import { containerUpkeepRoutes } from "./routes/container-upkeep.ts";
import { execRoutes } from "./routes/execs.ts";
import { imageArchiveRoutes } from "./routes/image-archives.ts";
import { imageRoutes } from "./routes/images.ts";
import { networkRoutes } from "./routes/networks.ts";
import { registryRoutes } from "./routes/registries.ts";
import { systemRoutes } from "./routes/system.ts";
import { type TboxOptions, tboxRoutes } from "./routes/tbox.ts";
import { unsupportedRoutes } from "./routes/unsupported.ts";
import { volumeRoutes } from "./routes/volumes.ts";
import type { LoadBuildKit } from "./streams/buildkit.ts";

export interface AppOptions extends TboxOptions {
  dataDirectory: string;
  engine: Engine;
  loadBuildKit: LoadBuildKit;
}

/** Creates the application that serves all requests with an ordinary HTTP response. */
export function createApp({ engine, dataDirectory, shutdown, passed, loadBuildKit }: AppOptions) {
  const app = new Elysia()
    // Elysia's own query parser splits values at commas and parses JSON-like text.
    .onTransform({ as: "global" }, (context) => {
      context.query = parseQuery(context.request.url);
    })
    .onError(({ error, request }) => errorResponse(error, request))
    .options("/*", empty)
    .use(systemRoutes(engine, dataDirectory))
    .use(registryRoutes(engine.images))
    .use(imageArchiveRoutes(engine.images))
    .use(imageRoutes(engine))
    .use(containerListRoutes(engine, dataDirectory))
    .use(containerCreateRoutes(engine.containers))
    .use(containerLifecycleRoutes(engine.containers))
    .use(containerUpkeepRoutes(engine.containers))
    .use(containerStreamRoutes(engine.containers))
    .use(execRoutes(engine.containers))
    .use(volumeRoutes(engine.volumes))
    .use(networkRoutes(engine))
    .use(archiveRoutes(engine.containers))
    .use(buildRoutes(engine.builder, loadBuildKit))
    .use(tboxRoutes(engine, { shutdown, passed }))
    .use(unsupportedRoutes());
  return app.get("/tbox/openapi.json", () => describeApi(app));
}
