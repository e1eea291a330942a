import type { Engine } from "#engine/engine.ts";
import { imageSizes } from "../containers/container-sizes.ts";
import type { DiskUsage } from "./disk-usage.ts";

const everything = { all: true, filters: new Map<string, string[]>() };

/** Measures the disk usage of the given types; of all types when `types` is empty. */
export async function measureDiskUsage(engine: Engine, types: readonly string[]): Promise<DiskUsage> {
  const wants = (type: string) => types.length === 0 || types.includes(type);
  const [images, volumes, containers, builds] = await Promise.all([
    wants("image") ? engine.images.usage() : undefined,
    wants("volume") ? measureVolumes(engine) : undefined,
    wants("container") ? measureContainers(engine) : undefined,
    wants("build-cache") ? engine.builder.usage() : undefined,
  ]);
  return {
    ...(images && { images }),
    ...(volumes && { volumes }),
    ...(containers && { containers }),
    ...(builds && { builds }),
  };
}

/** Measures all files of each container: its writable layer, its log and the rest. */
async function measureContainers(engine: Engine): Promise<NonNullable<DiskUsage["containers"]>> {
  const sizes = await engine.containers.admin.diskUsage();
  const records = engine.containers.queries.list(everything);
  const sizeOfImage = await imageSizes(engine, records);
  return records.map((record) => {
    const writable = sizes.get(record.id) ?? 0;
    return { record, sizes: { writable, root: writable + sizeOfImage(record) } };
  });
}

async function measureVolumes({ volumes, containers }: Engine): Promise<NonNullable<DiskUsage["volumes"]>> {
  const sizes = await volumes.sizes();
  const mounted = new Map<string, number>();
  for (const { volumes: own = [] } of containers.queries.list(everything)) {
    for (const { name } of own) mounted.set(name, (mounted.get(name) ?? 0) + 1);
  }
  return volumes.list({ filters: new Map() }).map((volume) => ({
    volume,
    mountpoint: volumes.mountpoint(volume.name),
    size: sizes.get(volume.name) ?? 0,
    users: mounted.get(volume.name) ?? 0,
  }));
}
