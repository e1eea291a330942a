import type { EngineEvent } from "#engine/events.ts";
import { invalidArgument } from "#support/errors.ts";

/** Whether an event passes Docker's filters: every key must fit, each by one of its values. */
export function eventFilter(filters: Map<string, string[]>): (event: EngineEvent) => boolean {
  const tests = [...filters].map(([key, values]) => testFor(key, values));
  return (event) => tests.every((test) => test(event));
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
    case "label":
      return ({ attributes }) =>
        values.every((value) => {
          const [name = "", wanted] = split(value);
          return Object.hasOwn(attributes, name) && (wanted === undefined || attributes[name] === wanted);
        });
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
      throw invalidArgument(`invalid filter '${key}'`);
  }
}

/** The name of an image without its tag. */
function withoutTag(image: string | undefined): string | undefined {
  return image?.replace(/:[^:/@]*$/, "");
}

function split(label: string): [string, string?] {
  const equals = label.indexOf("=");
  return equals < 0 ? [label] : [label.slice(0, equals), label.slice(equals + 1)];
}
