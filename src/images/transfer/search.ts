import { type FoundRepository, searchRegistry } from "#registry/transfer/search.ts";
import { invalidArgument } from "#support/errors.ts";
import { compileFilters, unknownFilter } from "#support/filters/filters.ts";
import type { ImageServices } from "../services.ts";
import type { ImageSearch } from "./image-transfer.ts";

/** Searches a registry and filters the results as Docker does. */
export async function searchImages(
  { registry }: Pick<ImageServices, "registry">,
  term: string,
  { filters, ...options }: ImageSearch,
): Promise<FoundRepository[]> {
  const accepts = compileFilters<FoundRepository>(filters, (key, values) => {
    switch (key) {
      case "is-official": {
        const wanted = parseFlag(key, values);
        return ({ official }) => official === wanted;
      }
      // No repository is reported as automated any more.
      case "is-automated": {
        const wanted = parseFlag(key, values);
        return () => !wanted;
      }
      case "stars": {
        const least = Math.max(...values.map(parseStars));
        return ({ stars }) => stars >= least;
      }
      default:
        throw unknownFilter(key);
    }
  });
  return (await searchRegistry(term, registry, options)).filter(accepts);
}

function parseFlag(key: string, values: string[]): boolean {
  const [value, ...others] = values;
  if (others.length === 0 && (value === "true" || value === "1")) return true;
  if (others.length === 0 && (value === "false" || value === "0")) return false;
  throw invalidArgument(`invalid filter '${key}=${JSON.stringify(values)}'`);
}

function parseStars(value: string): number {
  if (!/^[+-]?\d+$/.test(value)) throw invalidArgument(`invalid filter 'stars=${value}'`);
  return Number(value);
}
