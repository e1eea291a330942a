import type { Engine } from "#engine/engine.ts";
import type { SummaryContext } from "./container-summary.ts";

/** Returns the data that all summaries of one answer share. */
export function summaryContext(engine: Engine, directory: string): Omit<SummaryContext, "sizes"> {
  return {
    now: Date.now(),
    directory,
    networks: engine.networks,
    links: engine.containers.networking.links(),
    imageNamed: (name) => engine.images.findId(name),
  };
}
