import type { CheckedRunRequest } from "#api/streams/run-request.ts";
import type { Engine } from "#engine/engine.ts";
import { MissingImageError } from "#images/missing-image-error.ts";
import { parsePlatform } from "#oci/platform.ts";
import { parseReference } from "#oci/reference.ts";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { invalidArgument } from "#support/errors.ts";
import { shapeProgress } from "../../answers/images/progress.ts";
import type { RunClient } from "./run-client.ts";

export interface PullContext {
  credentials: RegistryCredentials | undefined;
  client: RunClient;
}

type Creation = ReturnType<Engine["containers"]["lifecycle"]["create"]>;

/** Creates the container of a run. Pulls the image first if the request's `pull` demands it. */
export async function ensureCreated(
  engine: Engine,
  request: CheckedRunRequest,
  context: PullContext,
): Creation {
  const { pull } = request;
  if (pull === "always") return await pullAndCreate(engine, request, context);
  try {
    return await create(engine, request);
  } catch (error) {
    if (pull !== "missing" || !(error instanceof MissingImageError)) throw error;
  }
  return await pullAndCreate(engine, request, context);
}

function create({ containers }: Engine, { name, platform, container }: CheckedRunRequest): Creation {
  return containers.lifecycle.create(container, {
    ...(name === undefined ? {} : { name }),
    ...(platform === undefined ? {} : { platform }),
  });
}

async function pullAndCreate(
  engine: Engine,
  request: CheckedRunRequest,
  { credentials, client }: PullContext,
): Creation {
  const { container, platform } = request;
  if (container.Image === undefined) throw invalidArgument("there is no image to pull");
  let creation: Creation | undefined;
  const progress = engine.images.pull(parseReference(container.Image), {
    signal: client.gone,
    // The container is created before another client can remove the image's name.
    onNamed() {
      creation = create(engine, request);
      // A failure is reported after the pull's last progress line.
      creation.catch(() => {});
    },
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
    ...(credentials === undefined ? {} : { credentials }),
  });
  for await (const line of progress) {
    client.send({ event: "progress", progress: shapeProgress(line) });
    await client.caughtUp();
  }
  return await (creation ?? create(engine, request));
}
