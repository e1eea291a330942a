import { invalidArgument } from "#support/errors.ts";
import type { Volume } from "./volumes.ts";

/** The volumes that pass Docker's filters, by name. */
export function filterVolumes(
  volumes: Volume[],
  filters: Map<string, string[]>,
  isUsed: (name: string) => boolean,
): Volume[] {
  const tests = [...filters].map(([key, values]) => testFor(key, values, isUsed));
  return volumes
    .filter((volume) => tests.every((test) => test(volume)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function testFor(
  key: string,
  values: string[],
  isUsed: (name: string) => boolean,
): (volume: Volume) => boolean {
  switch (key) {
    case "name":
      return ({ name }) => values.some((value) => name.includes(value));
    case "driver":
      return () => values.includes("local");
    case "label":
      return ({ labels }) => values.every((value) => has(labels, value));
    case "label!":
      return ({ labels }) => !values.some((value) => has(labels, value));
    case "dangling": {
      const unknown = values.find((value) => !["true", "1", "false", "0"].includes(value));
      if (unknown !== undefined) throw invalidArgument(`invalid filter 'dangling=${unknown}'`);
      const wanted = values.some((value) => value === "true" || value === "1");
      return ({ name }) => isUsed(name) !== wanted;
    }
    default:
      throw invalidArgument(`invalid filter '${key}'`);
  }
}

function has(labels: Record<string, string>, wanted: string): boolean {
  const equals = wanted.indexOf("=");
  const name = equals < 0 ? wanted : wanted.slice(0, equals);
  return Object.hasOwn(labels, name) && (equals < 0 || labels[name] === wanted.slice(equals + 1));
}
