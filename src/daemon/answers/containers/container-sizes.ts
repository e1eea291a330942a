import type { ContainerRecord } from "#containers/state/container-record.ts";
import type { Engine } from "#engine/engine.ts";
import type { ContainerSizes } from "./container-summary.ts";

/** Measures a container's disk usage. An image that is gone counts as 0 bytes. */
export async function containerSizes(
  { containers, images }: Pick<Engine, "containers" | "images">,
  { id, imageId }: ContainerRecord,
): Promise<ContainerSizes> {
  const [writable, image] = await Promise.all([
    containers.admin.size(id),
    imageId === undefined ? undefined : images.inspect(imageId).catch(() => undefined),
  ]);
  return { writable, root: writable + (image?.size ?? 0) };
}
