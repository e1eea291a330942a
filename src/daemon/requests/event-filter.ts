import type { EngineEvent } from "#engine/events.ts";
import { compileFilters, type Filters, unknownFilter } from "#support/filters/filters.ts";
import { labelFilter } from "#support/filters/labels.ts";

type Test = (event: EngineEvent) => boolean;

/** Returns a function that applies Docker's event filters: every key must match, by any of its values. */
export function eventFilter(filters: Filters): Test {
  return compileFilters(filters, testFor);
}

function testFor(key: string, values: string[]): Test {
  switch (key) {
    case "type":
      return ({ type }) => values.includes(type);
    case "event":
      // `exec_start` matches the action `exec_start: command`.
      return ({ action }) => values.some((value) => action === value || action.startsWith(`${value}:`));
    case "container":
    case "volume":
    case "network":
      return (event) => isAbout(key, values, event);
    case "image":
      return (event) => isAbout("image", values, event) || usesImage(values, event);
    case "label": {
      const test = labelFilter("label", values);
      return ({ attributes }) => test(attributes);
    }
    case "scope":
      return () => values.includes("local");
    case "daemon":
    case "plugin":
    case "service":
    case "node":
    case "secret":
    case "config":
      // Docker has these keys; tbox has no such objects.
      return () => false;
    default:
      throw unknownFilter(key);
  }
}

/** Reports whether an event is about an object of the type with one of the names or ID prefixes. */
function isAbout(type: EngineEvent["type"], names: string[], event: EngineEvent): boolean {
  if (event.type !== type) return false;
  return names.some((name) => event.id.startsWith(name) || event.attributes.name === name);
}

/** Reports whether an event is about a container of one of the images, named with or without a tag. */
function usesImage(names: string[], { attributes: { image } }: EngineEvent): boolean {
  return names.some((name) => image === name || image?.replace(/:[^:/@]*$/, "") === name);
}
