import { requestJson } from "#client/api.ts";
import { asObject, numberAt } from "#client/json.ts";
import { filtersQuery } from "../../arguments/filters.ts";
import { decimalSize } from "../../format/size.ts";
import { print } from "../../output/output.ts";

export interface Prune {
  /** `/containers/prune` and the like. */
  path: string;
  query?: Record<string, string>;
  filters: [string, string][];
  /** Heading of the list of what is gone. */
  heading: string;
  /** The field of the answer with that list. */
  field: string;
}

/** Asks before something is deleted, unless told not to; a No is no failure. */
export async function confirmed(warning: string, force: boolean): Promise<boolean> {
  if (force) return true;
  await print(`WARNING! ${warning}\nAre you sure you want to continue? [y/N] `);
  const reply = await firstLine();
  if (reply === undefined) await print("\n");
  return /^y(es)?$/i.test(reply?.trim() ?? "");
}

/** Has one kind of thing pruned and shows what is gone. Gives the bytes that are free now. */
export async function prune({ path, query = {}, filters, heading, field }: Prune): Promise<number> {
  const answer = asObject(
    await requestJson("POST", path, { query: { ...query, filters: filtersQuery(filters) } }),
  );
  const list = Array.isArray(answer[field]) ? answer[field] : [];
  if (list.length > 0) await print(`${heading}\n${list.map(describe).join("")}\n`);
  return numberAt(answer, "SpaceReclaimed");
}

export function pruneVolumes(filters: [string, string][]): Promise<number> {
  return prune({ path: "/volumes/prune", filters, heading: "Deleted Volumes:", field: "VolumesDeleted" });
}

export async function printReclaimed(bytes: number): Promise<void> {
  await print(`Total reclaimed space: ${decimalSize(bytes)}\n`);
}

function describe(item: unknown): string {
  if (typeof item === "string") return `${item}\n`;
  const entry = asObject(item);
  return typeof entry.Untagged === "string" ? `untagged: ${entry.Untagged}\n` : `deleted: ${entry.Deleted}\n`;
}

/** Nothing at the end of the input. */
async function firstLine(): Promise<string | undefined> {
  for await (const line of console) return line;
  return undefined;
}
