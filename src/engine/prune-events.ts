import type { Engine } from "./engine.ts";
import type { EngineEvent, EventLog } from "./events.ts";

type Pruned = Pick<Engine, "images" | "containers" | "builder" | "volumes" | "networks">;

/** Returns the services with their prunes extended: each publishes an event with the reclaimed bytes, as in Docker. */
export function withPruneEvents(
  { images, containers, builder, volumes, networks }: Pruned,
  events: Pick<EventLog, "publish">,
): Pruned {
  const announce = (type: EngineEvent["type"], space: number) =>
    events.publish({ type, action: "prune", id: "", attributes: { reclaimed: String(space) } });
  /** Returns a prune that publishes the event after it has finished. */
  const announced =
    <Options extends unknown[], Result>(
      type: EngineEvent["type"],
      prune: (...options: Options) => Promise<Result>,
      spaceOf: (result: Result) => number,
    ) =>
    async (...options: Options): Promise<Result> => {
      const result = await prune(...options);
      announce(type, spaceOf(result));
      return result;
    };
  const reclaimed = ({ space }: { space: number }) => space;
  const { admin } = containers;
  return {
    images: { ...images, prune: announced("image", images.prune, reclaimed) },
    containers: {
      ...containers,
      admin: { ...admin, prune: announced("container", admin.prune, reclaimed) },
    },
    builder: { ...builder, prune: announced("builder", builder.prune, reclaimed) },
    volumes: { ...volumes, prune: announced("volume", volumes.prune, reclaimed) },
    networks: { ...networks, prune: announced("network", networks.prune, () => 0) },
  };
}
