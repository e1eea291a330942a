import type { Engine } from "#engine/engine.ts";
import { containerSizes } from "../containers/container-sizes.ts";
import type { DiskUsage } from "./disk-usage.ts";

const everything = { all: true, filters: new Map<string, string[]>() };

/** Measures the disk usage of the given types; of all types when `types` is empty. */
export async function measureDiskUsage(engine: Engine, types: readonly string[]): Promise<DiskUsage> {
  const wants = (type: string) => types.length === 0 || types.includes(type);
  return {
    ...(wants("image") ? { images: await engine.images.usage() } : {}),
    ...(wants("volume") ? { volumes: await measureVolumes(engine) } : {}),
    ...(wants("container") ? { containers: await measureContainers(engine) } : {}),
    ...(wants("build-cache") ? { builds: await engine.builder.usage() } : {}),
  };
}

/** Measures all files of each container: its writable layer, its log and the rest. */
async function measureContainers(engine: Engine): Promise<NonNullable<DiskUsage["containers"]>> {
  const sizes = await engine.containers.admin.diskUsage();
  const measured = engine.containers.queries.list(everything).map(async (record) => {
    const { writable, root } = await containerSizes(engine, record);
    const all = sizes.get(record.id) ?? 0;
    return { record, sizes: { writable: all, root: root - writable + all } };
  });
  return await Promise.all(measured);
}

async function measureVolumes({ volumes, containers }: Engine): Promise<NonNullable<DiskUsage["volumes"]>> {
  const sizes = await volumes.sizes();
  const mounted = containers.queries
    .list(everything)
    .flatMap(({ volumes: own = [] }) => own.map(({ name }) => name));
  return volumes.list({ filters: new Map() }).map((volume) => ({
    volume,
    mountpoint: volumes.mountpoint(volume.name),
    size: sizes.get(volume.name) ?? 0,
    users: mounted.filter((name) => name === volume.name).length,
  }));
}
