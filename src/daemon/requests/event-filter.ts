import type { EngineEvent } from "#engine/events.ts";
import { compileFilters, type Filters, unknownFilter } from "#support/filters/filters.ts";
import { labelFilter } from "#support/filters/labels.ts";

/** Whether an event passes Docker's filters: every key must fit, each by one of its values. */
export function eventFilter(filters: Filters): (event: EngineEvent) => boolean {
  return compileFilters(filters, testFor);
}

function testFor(key: string, values: string[]): (event: EngineEvent) => boolean {
  const isOf = (type: EngineEvent["type"]) => (event: EngineEvent) =>
    event.type === type &&
    values.some(
      (value) => event.id === value || event.id.startsWith(value) || event.attributes.name === value,
    );
  switch (key) {
    case "type":
      return ({ type }) => values.includes(type);
    case "event":
      // `exec_start: command` passes for `exec_start`.
      return ({ action }) => values.some((value) => action === value || action.startsWith(`${value}:`));
    case "container":
    case "volume":
    case "network":
      return isOf(key);
    case "image":
      return (event) =>
        isOf("image")(event) ||
        values.some(
          (value) => event.attributes.image === value || withoutTag(event.attributes.image) === value,
        );
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
      return ({ type }) => type === key;
    default:
      throw unknownFilter(key);
  }
}

/** The name of an image without its tag. */
function withoutTag(image: string | undefined): string | undefined {
  return image?.replace(/:[^:/@]*$/, "");
}
