import { requestJson } from "#client/api.ts";
import { asObject, numberAt } from "#client/json.ts";
import { type Filter, filtersQuery } from "../../arguments/filters.ts";
import { decimalSize } from "../../format/size.ts";
import { print } from "../../output/output.ts";

/** Prunes stopped containers; like the other functions here, prints the removed objects and returns the freed bytes. */
export function pruneContainers(filters: Filter[]): Promise<number> {
  const heading = "Deleted Containers:";
  return prune({ path: "/containers/prune", filters, heading, field: "ContainersDeleted" });
}

export function pruneImages(filters: Filter[], all: boolean): Promise<number> {
  const every: Filter[] = [...filters, ["dangling", all ? "false" : "true"]];
  return prune({ path: "/images/prune", filters: every, heading: "Deleted Images:", field: "ImagesDeleted" });
}

export function pruneVolumes(filters: Filter[]): Promise<number> {
  return prune({ path: "/volumes/prune", filters, heading: "Deleted Volumes:", field: "VolumesDeleted" });
}

export function pruneNetworks(filters: Filter[]): Promise<number> {
  return prune({ path: "/networks/prune", filters, heading: "Deleted Networks:", field: "NetworksDeleted" });
}

export function pruneBuildCache(
  filters: Filter[],
  all: boolean,
  limits: Record<string, string> = {},
): Promise<number> {
  return prune({
    path: "/build/prune",
    query: { all: all ? "1" : "0", ...limits },
    filters,
    heading: "Deleted build cache objects:",
    field: "CachesDeleted",
  });
}

export async function printReclaimed(bytes: number): Promise<void> {
  await print(`Total reclaimed space: ${decimalSize(bytes)}\n`);
}

interface Prune {
  path: string;
  query?: Record<string, string>;
  filters: Filter[];
  /** Heading of the list of removed objects. */
  heading: string;
  /** Field of the answer that holds the list. */
  field: string;
}

async function prune({ path, query = {}, filters, heading, field }: Prune): Promise<number> {
  const answer = asObject(
    await requestJson("POST", path, { query: { ...query, filters: filtersQuery(filters) } }),
  );
  const list = Array.isArray(answer[field]) ? answer[field] : [];
  if (list.length > 0) await print(`${heading}\n${list.map(describe).join("")}\n`);
  return numberAt(answer, "SpaceReclaimed");
}

function describe(item: unknown): string {
  if (typeof item === "string") return `${item}\n`;
  const entry = asObject(item);
  return typeof entry.Untagged === "string" ? `untagged: ${entry.Untagged}\n` : `deleted: ${entry.Deleted}\n`;
}
