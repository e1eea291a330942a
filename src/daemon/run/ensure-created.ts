import type { RegistryAuth } from "#api/registry-auth.ts";
import type { CheckedRunRequest } from "#api/run-request.ts";
import type { Engine } from "#engine/engine.ts";
import { parsePlatform } from "#oci/platform.ts";
import { parseReference } from "#oci/reference.ts";
import { TboxError } from "#support/errors.ts";
import { shapeProgress } from "../shape/progress.ts";
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
    engine.containers.create(container, {
      ...(name === undefined ? {} : { name }),
      ...(platform === undefined ? {} : { platform }),
    });
  if (pull === "always") await pullImage(engine, request, context);
  try {
    return await create();
  } catch (error) {
    if (pull !== "missing" || !isMissingImage(error)) throw error;
  }
  await pullImage(engine, request, context);
  return create();
}

async function pullImage(
  { images }: Engine,
  { container, platform }: CheckedRunRequest,
  { credentials, client }: PullContext,
): Promise<void> {
  if (container.Image === undefined) throw new TboxError("invalid-argument", "there is no image to pull");
  const progress = images.pull(parseReference(container.Image), {
    signal: client.gone,
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
