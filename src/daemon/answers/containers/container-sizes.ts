import type { ContainerRecord } from "#containers/state/container-record.ts";
import type { Engine } from "#engine/engine.ts";
import type { ContainerSizes } from "./container-summary.ts";

type Services = Pick<Engine, "containers" | "images">;

/** Measures the disk usage of containers; returns it by ID. */
export async function containerSizes(
  { containers, images }: Services,
  records: readonly ContainerRecord[],
): Promise<Map<string, ContainerSizes>> {
  const written = await containers.admin.sizes(records.map(({ id }) => id));
  const sizeOfImage = await imageSizes({ images }, records);
  return new Map(
    records.map((record) => {
      const writable = written.get(record.id) ?? 0;
      return [record.id, { writable, root: writable + sizeOfImage(record) }];
    }),
  );
}

/** Returns a function that returns the size of a container's image. A removed image counts as 0 bytes. */
export async function imageSizes(
  { images }: Pick<Services, "images">,
  records: readonly ContainerRecord[],
): Promise<(record: ContainerRecord) => number> {
  const sizes = new Map<string | undefined, number>();
  for (const id of new Set(records.map(({ imageId }) => imageId))) {
    const image = id === undefined ? undefined : await images.inspect(id).catch(() => undefined);
    sizes.set(id, image?.size ?? 0);
  }
  return ({ imageId }) => sizes.get(imageId) ?? 0;
}
