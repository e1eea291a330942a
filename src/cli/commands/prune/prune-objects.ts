import type { RemovedImageAnswer } from "#api/answers/images.ts";
import { fetchJson } from "#client/endpoints.ts";
import { type Filter, filtersQuery } from "../../arguments/filters.ts";
import { decimalSize } from "../../format/size.ts";
import { print } from "../../output/output.ts";

/** Prunes stopped containers. Every function of this file prints the removed objects and returns the freed bytes. */
export async function pruneContainers(filters: Filter[]): Promise<number> {
  const query = { filters: filtersQuery(filters) };
  const { ContainersDeleted, SpaceReclaimed } = await fetchJson("POST /containers/prune", { query });
  await printRemoved("Deleted Containers:", ContainersDeleted);
  return SpaceReclaimed;
}

export async function pruneImages(filters: Filter[], all: boolean): Promise<number> {
  const query = { filters: filtersQuery([...filters, ["dangling", all ? "false" : "true"]]) };
  const { ImagesDeleted, SpaceReclaimed } = await fetchJson("POST /images/prune", { query });
  await printRemoved("Deleted Images:", ImagesDeleted.map(describeImage));
  return SpaceReclaimed;
}

export async function pruneVolumes(filters: Filter[]): Promise<number> {
  const query = { filters: filtersQuery(filters) };
  const { VolumesDeleted, SpaceReclaimed } = await fetchJson("POST /volumes/prune", { query });
  await printRemoved("Deleted Volumes:", VolumesDeleted);
  return SpaceReclaimed;
}

/** Prunes unused networks, which occupy no disk space. */
export async function pruneNetworks(filters: Filter[]): Promise<void> {
  const query = { filters: filtersQuery(filters) };
  const { NetworksDeleted } = await fetchJson("POST /networks/prune", { query });
  await printRemoved("Deleted Networks:", NetworksDeleted);
}

export async function pruneBuildCache(
  filters: Filter[],
  all: boolean,
  limits: Record<string, string> = {},
): Promise<number> {
  const query = { all: all ? "1" : "0", ...limits, filters: filtersQuery(filters) };
  const { CachesDeleted, SpaceReclaimed } = await fetchJson("POST /build/prune", { query });
  await printRemoved("Deleted build cache objects:", CachesDeleted);
  return SpaceReclaimed;
}

export async function printReclaimed(bytes: number): Promise<void> {
  await print(`Total reclaimed space: ${decimalSize(bytes)}\n`);
}

async function printRemoved(heading: string, objects: string[]): Promise<void> {
  if (objects.length > 0) await print(`${heading}\n${objects.map((one) => `${one}\n`).join("")}\n`);
}

function describeImage({ Untagged, Deleted }: RemovedImageAnswer): string {
  return Untagged === undefined ? `deleted: ${Deleted}` : `untagged: ${Untagged}`;
}
