import type { EngineEvent } from "#engine/events.ts";

/** A line of `GET /events`. */
export function shapeEvent({ type, action, id, attributes, time }: EngineEvent) {
  // Older clients look for these at the top.
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
