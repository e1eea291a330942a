import type { DiffId, Digest } from "#oci/digest.ts";
import type { HostConfig } from "../request/create-request.ts";
import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "../state/container-record.ts";

/** Resolves the images of mounts with the type `image`. Returns their IDs by the names in the request. */
export async function resolveMountedImages(
  { images }: Pick<ContainerServices, "images">,
  { Mounts = [] }: HostConfig,
): Promise<Record<string, Digest> | undefined> {
  const sources = Mounts.flatMap(({ Type, Source }) => (Type === "image" && Source ? [Source] : []));
  if (sources.length === 0) return undefined;
  const resolved = sources.map(async (source) => [source, (await images.resolve(source)).id] as const);
  return Object.fromEntries(await Promise.all(resolved));
}

/** Returns the layers of the mounted images of a container, base first, by the names in the request. */
export async function layersOfMountedImages(
  { images }: Pick<ContainerServices, "images">,
  { mountedImages = {} }: Pick<ContainerRecord, "mountedImages">,
): Promise<Map<string, DiffId[]>> {
  const resolved = Object.entries(mountedImages).map(
    async ([source, id]) => [source, (await images.resolve(id)).diffIds] as const,
  );
  return new Map(await Promise.all(resolved));
}
