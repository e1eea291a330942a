import { invalidArgument } from "#support/errors.ts";
import { momentOf } from "#support/moment.ts";
import { hasLabel } from "./filter.ts";
import type { Network } from "./network.ts";

/** Which networks the filters of a prune let pass: `label`, `label!` and `until`. */
export function pruneTest(filters: Map<string, string[]>): (network: Network) => boolean {
  const tests = [...filters].map(([key, values]) => testFor(key, values));
  return (network) => tests.every((test) => test(network));
}

function testFor(key: string, values: string[]): (network: Network) => boolean {
  switch (key) {
    case "label":
      return ({ labels }) => values.every((value) => hasLabel(labels, value));
    case "label!":
      return ({ labels }) => !values.some((value) => hasLabel(labels, value));
    case "until": {
      const moments = values.map(momentOf);
      return ({ created }) => moments.every((moment) => Date.parse(created) < moment);
    }
    default:
      throw invalidArgument(`invalid filter '${key}'`);
  }
}
