import { invalidArgument } from "#support/errors.ts";
import { wantsDangling } from "#support/filters/dangling.ts";
import { compileFilters, type Filters, unknownFilter } from "#support/filters/filters.ts";
import { labelFilter } from "#support/filters/labels.ts";
import { patternFilter } from "#support/filters/patterns.ts";
import { isPredefined, type Network } from "./network.ts";

/** Returns the networks that pass Docker's filters, sorted by name. */
export function filterNetworks(
  networks: Network[],
  filters: Filters,
  isUsed: (network: Network) => boolean,
): Network[] {
  const passes = compileFilters<Network>(filters, (key, values) => testFor(key, values, isUsed));
  return networks.filter(passes).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function testFor(
  key: string,
  values: string[],
  isUsed: (network: Network) => boolean,
): (network: Network) => boolean {
  switch (key) {
    case "name": {
      const test = patternFilter(key, values);
      return ({ name }) => test(name);
    }
    case "id": {
      const test = patternFilter(key, values);
      return ({ id }) => test(id);
    }
    case "idOrName": {
      const test = patternFilter(key, values);
      return ({ id, name }) => test(name) || test(id);
    }
    case "driver":
      return ({ driver }) => values.includes(driver);
    case "scope":
      return () => values.includes("local");
    case "type": {
      const unknown = values.find((value) => value !== "builtin" && value !== "custom");
      if (unknown !== undefined) throw invalidArgument(`invalid filter: 'type'='${unknown}'`);
      return (network) => values.includes(isPredefined(network) ? "builtin" : "custom");
    }
    case "label":
    case "label!": {
      const test = labelFilter(key, values);
      return ({ labels }) => test(labels);
    }
    case "dangling": {
      const wanted = wantsDangling(values);
      return (network) => (isPredefined(network) || isUsed(network)) !== wanted;
    }
    default:
      throw unknownFilter(key);
  }
}
