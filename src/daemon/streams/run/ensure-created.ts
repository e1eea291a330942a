import type { RegistryAuth } from "#api/requests/registry-auth.ts";
import type { CheckedRunRequest } from "#api/streams/run-request.ts";
import type { Engine } from "#engine/engine.ts";
import { parsePlatform } from "#oci/platform.ts";
import { parseReference } from "#oci/reference.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { shapeProgress } from "../../answers/progress.ts";
import type { RunClient } from "./run-client.ts";

export interface PullContext {
  credentials: RegistryAuth | undefined;
  client: RunClient;
}

/** Creates a run's container, pulling its image as the request says. */
export async function ensureCreated(
  engine: Engine,
  request: CheckedRunRequest,
  context: PullContext,
): Promise<{ id: string; warnings: string[] }> {
  const { name, platform, pull, container } = request;
  const create = () =>
    engine.containers.lifecycle.create(container, {
      ...(name === undefined ? {} : { name }),
      ...(platform === undefined ? {} : { platform }),
    });
  const pullAndCreate = async () => {
    let creation: ReturnType<typeof create> | undefined;
    await pullImage(engine, request, context, () => {
      creation = create();
      // Its failure is told when the pull has ended.
      creation.catch(() => {});
    });
    return await (creation ?? create());
  };
  if (pull === "always") return await pullAndCreate();
  try {
    return await create();
  } catch (error) {
    if (pull !== "missing" || !isMissingImage(error)) throw error;
  }
  return await pullAndCreate();
}

async function pullImage(
  { images }: Engine,
  { container, platform }: CheckedRunRequest,
  { credentials, client }: PullContext,
  arrived: () => void,
): Promise<void> {
  if (container.Image === undefined) throw invalidArgument("there is no image to pull");
  const progress = images.pull(parseReference(container.Image), {
    signal: client.gone,
    arrived,
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
    ...(credentials === undefined ? {} : { credentials }),
  });
  for await (const line of progress) client.tell({ event: "progress", progress: shapeProgress(line) });
}

function isMissingImage(error: unknown): boolean {
  return (
    error instanceof TboxError && error.code === "not-found" && error.message.startsWith("No such image")
  );
}
