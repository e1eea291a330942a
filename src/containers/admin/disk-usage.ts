import type { ContainerServices } from "../services.ts";

type Services = Pick<ContainerServices, "zygote" | "records">;

/** Measures the allocated bytes of directories of the store. */
export async function measure({ zygote }: Pick<Services, "zygote">, paths: string[]): Promise<number[]> {
  if (paths.length === 0) return [];
  return (await zygote.work({ operation: "measure", paths })).map(({ bytes }) => bytes);
}

/**
 * Adds up the lengths of the files in the writable layer of each container, as Docker does; directories are not counted.
 * One worker measures all of them.
 */
export async function writableLayerSizes(
  { zygote }: Pick<Services, "zygote">,
  ids: readonly string[],
): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const paths = ids.map((id) => `containers/${id}/upper`);
  const sizes = await zygote.work({ operation: "measure", paths });
  return new Map(ids.map((id, index) => [id, sizes[index]?.content ?? 0]));
}

/** Measures the allocated bytes of all files of each container: writable layer, log and the rest. */
export async function containerDiskUsage(services: Services): Promise<Map<string, number>> {
  const ids = services.records.all().map(({ id }) => id);
  const sizes = await measure(
    services,
    ids.map((id) => `containers/${id}`),
  );
  return new Map(ids.map((id, index) => [id, sizes[index] ?? 0]));
}
