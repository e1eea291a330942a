import type { Flag } from "../flags/flag.ts";
import { listOf } from "../flags/kinds.ts";

/** A filter of a listing: name and value. */
export type Filter = [name: string, value: string];

/** Returns the flag `--filter`, with the letter `-f` unless it belongs to the command's `--force`. */
export function filterFlag(usage: string, options: { short?: "f" } = { short: "f" }): Flag<Filter[]> {
  return listOf(usage, parseFilter, { ...options, valueName: "filter" });
}

function parseFilter(text: string): Filter {
  const equals = text.indexOf("=");
  if (equals <= 0) throw new Error(`invalid filter '${text}': it must be name=value`);
  return [text.slice(0, equals).trim().toLowerCase(), text.slice(equals + 1).trim()];
}

/** Encodes filters for the API's `filters` parameter; returns undefined without filters. */
export function filtersQuery(filters: Filter[]): string | undefined {
  if (filters.length === 0) return undefined;
  const query: Record<string, Record<string, boolean>> = {};
  for (const [name, value] of filters) query[name] = { ...query[name], [value]: true };
  return JSON.stringify(query);
}
