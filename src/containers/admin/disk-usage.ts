import type { WrongSize } from "#support/wrong-size.ts";
import type { ContainerServices } from "../services.ts";

type Services = Pick<ContainerServices, "zygote" | "records" | "settledSizes">;

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

/**
 * Returns the allocated bytes of all files of each container: writable layer, log and the rest. Measures only containers that
 * may have changed.
 */
export async function containerDiskUsage(services: Services): Promise<Map<string, number>> {
  const { records, settledSizes } = services;
  const sizes = new Map<string, number>();
  const unknown: { id: string; keep: (size: number) => void }[] = [];
  for (const record of records.all()) {
    const size = settledSizes.get(record);
    if (size === undefined) unknown.push({ id: record.id, keep: settledSizes.measuring(record) });
    else sizes.set(record.id, size);
  }
  const measured = await measure(
    services,
    unknown.map(({ id }) => `containers/${id}`),
  );
  for (const [index, { id, keep }] of unknown.entries()) {
    const size = measured[index] ?? 0;
    keep(size);
    sizes.set(id, size);
  }
  return sizes;
}

/** Measures containers again whose disk usage is cached. Corrects and returns the wrong sizes. */
export async function checkContainerSizes(services: Services): Promise<WrongSize[]> {
  const { records, settledSizes } = services;
  const known = records.all().flatMap((record) => {
    const cached = settledSizes.get(record);
    return cached === undefined ? [] : [{ record, cached, keep: settledSizes.measuring(record) }];
  });
  const sizes = await measure(
    services,
    known.map(({ record }) => `containers/${record.id}`),
  );
  return known.flatMap(({ record, cached, keep }, index) => {
    const measured = sizes[index] ?? 0;
    // A container can start or be removed during the measurement.
    if (measured === cached || settledSizes.get(record) !== cached) return [];
    keep(measured);
    return [{ kind: "container" as const, id: record.id, cached, measured }];
  });
}
