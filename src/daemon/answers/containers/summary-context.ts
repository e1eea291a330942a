import type { Engine } from "#engine/engine.ts";
import type { SummaryContext } from "./container-summary.ts";

/** Returns the data that all summaries of one answer share. */
export function summaryContext(engine: Engine, directory: string): Omit<SummaryContext, "sizes"> {
  const named = new Map<string, string | undefined>();
  return {
    now: Date.now(),
    directory,
    networks: engine.networks,
    links: engine.containers.networking.links(),
    // Many containers have the same image.
    imageNamed(name) {
      if (!named.has(name)) named.set(name, engine.images.findId(name));
      return named.get(name);
    },
  };
}
