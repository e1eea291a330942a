import type { EventLine } from "#api/answers/system.ts";
import type { EngineEvent } from "#engine/events.ts";

/** Yields the lines of `GET /events` for the events that pass the filter. */
export async function* eventLines(
  events: AsyncIterable<EngineEvent>,
  passes: (event: EngineEvent) => boolean,
): AsyncGenerator<string, void, void> {
  for await (const event of events) if (passes(event)) yield eventLine(event);
}

/** Returns the line of an event. Nanoseconds since the epoch have more digits than a JavaScript number. */
function eventLine(event: EngineEvent): string {
  return `${JSON.stringify(shapeEvent(event)).slice(0, -1)},"timeNano":${event.time}}\n`;
}

function shapeEvent({ type, action, id, attributes, time }: EngineEvent): Omit<EventLine, "timeNano"> {
  // Older clients read these fields; a prune has no object.
  const old = type === "container" || type === "image" ? { status: action, ...(id ? { id } : {}) } : {};
  return {
    ...old,
    ...(type === "container" && attributes.image ? { from: attributes.image } : {}),
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: "local",
    time: Number(time / 1_000_000_000n),
  };
}
