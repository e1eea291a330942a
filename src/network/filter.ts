import { invalidArgument } from "#support/errors.ts";
import { isPredefined, type Network } from "./network.ts";

/** The networks that pass Docker's filters, in the order of their names. */
export function filterNetworks(
  networks: Network[],
  filters: Map<string, string[]>,
  isUsed: (network: Network) => boolean,
): Network[] {
  const tests = [...filters].map(([key, values]) => testFor(key, values, isUsed));
  return networks
    .filter((network) => tests.every((test) => test(network)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function testFor(
  key: string,
  values: string[],
  isUsed: (network: Network) => boolean,
): (network: Network) => boolean {
  switch (key) {
    case "name":
      return ({ name }) => values.some((value) => name.includes(value));
    case "id":
      return ({ id }) => values.some((value) => id.startsWith(value));
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
      return ({ labels }) => values.every((value) => hasLabel(labels, value));
    case "label!":
      return ({ labels }) => !values.some((value) => hasLabel(labels, value));
    case "dangling": {
      const wanted = values.some((value) => value === "true" || value === "1");
      return (network) => !isPredefined(network) && isUsed(network) !== wanted;
    }
    default:
      throw invalidArgument(`invalid filter '${key}'`);
  }
}

/** `name`, or `name=value`. */
export function hasLabel(labels: Record<string, string>, wanted: string): boolean {
  const equals = wanted.indexOf("=");
  const name = equals < 0 ? wanted : wanted.slice(0, equals);
  return Object.hasOwn(labels, name) && (equals < 0 || labels[name] === wanted.slice(equals + 1));
}
