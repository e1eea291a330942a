import { Elysia } from "elysia";
import type { Engine } from "#engine/engine.ts";
import { errorResponse } from "./answers/error-response.ts";
import { parseQuery } from "./http/target.ts";
import { describeApi } from "./openapi.ts";
import { archiveRoutes } from "./routes/archives.ts";
import { buildRoutes } from "./routes/build.ts";
import { containerStreamRoutes } from "./routes/container-streams.ts";
import { containerRoutes } from "./routes/containers.ts";
import { execRoutes } from "./routes/execs.ts";
import { imageRoutes } from "./routes/images.ts";
import { networkRoutes } from "./routes/networks.ts";
import { registryRoutes } from "./routes/registries.ts";
import { systemRoutes } from "./routes/system.ts";
import { tboxRoutes } from "./routes/tbox.ts";
import { unsupportedRoutes } from "./routes/unsupported.ts";
import { volumeRoutes } from "./routes/volumes.ts";

export interface AppOptions {
  dataDirectory: string;
  engine: Engine;
  /** Asked to end the daemon. */
  shutdown: () => void;
  /** Whether systemd listens for the daemon, and starts another one when somebody connects. */
  passed: boolean;
}

/** Everything that is answered by an ordinary HTTP response. */
export function createApp({ engine, dataDirectory, shutdown, passed }: AppOptions) {
  const app = new Elysia()
    // Elysia's own reading of a query splits values at commas and parses what looks like JSON.
    .onTransform({ as: "global" }, (context) => {
      context.query = parseQuery(context.request.url);
    })
    .onError(({ error }) => errorResponse(error))
    .use(systemRoutes(engine, dataDirectory))
    .use(registryRoutes(engine.images))
    .use(imageRoutes(engine.images))
    .use(containerRoutes(engine, dataDirectory))
    .use(containerStreamRoutes(engine.containers))
    .use(execRoutes(engine.containers))
    .use(volumeRoutes(engine.volumes))
    .use(networkRoutes(engine))
    .use(archiveRoutes(engine.containers))
    .use(buildRoutes(engine.builder))
    .use(tboxRoutes(engine, { shutdown, passed }))
    .use(unsupportedRoutes());
  return app.get("/tbox/openapi.json", () => describeApi(app));
}
