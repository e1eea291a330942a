import type { EventLine } from "#api/answers/system.ts";
import type { EngineEvent } from "#engine/events.ts";

/** Yields the lines of `GET /events` for the events that pass the filter. */
export async function* eventLines(
  events: AsyncIterable<EngineEvent>,
  passes: (event: EngineEvent) => boolean,
): AsyncGenerator<string, void, void> {
  for await (const event of events) if (passes(event)) yield `${JSON.stringify(shapeEvent(event))}\n`;
}

function shapeEvent({ type, action, id, attributes, time }: EngineEvent): EventLine {
  // Older clients read these fields.
  const old = type === "container" || type === "image" ? { status: action, id } : {};
  return {
    ...old,
    ...(type === "container" ? { from: attributes.image ?? "" } : {}),
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: "local",
    time: Number(time / 1_000_000_000n),
    timeNano: Number(time),
  };
}
