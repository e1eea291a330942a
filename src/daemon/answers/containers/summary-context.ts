import type { ContainerLink } from "#containers/networking/links.ts";
import type { Engine } from "#engine/engine.ts";
import type { SummaryContext } from "./container-summary.ts";

/** Returns the data that all summaries of one answer share. */
export function summaryContext(engine: Engine, directory: string): Omit<SummaryContext, "sizes"> {
  const { containers, images, networks } = engine;
  const named = new Map<string, string | undefined>();
  const links = linkNames(containers.networking.links());
  const networkRevision = networks.revision();
  return {
    now: Date.now(),
    directory,
    networks,
    linksTo: ({ id }) => links.get(id) ?? none,
    // Many containers have the same image.
    imageNamed(name) {
      if (!named.has(name)) named.set(name, images.findId(name));
      return named.get(name);
    },
    revisionOf: containers.queries.revisionOf,
    networkRevision,
  };
}

const none: readonly string[] = [];

/** Returns the names that containers have through other containers' links, by ID. */
function linkNames(links: ContainerLink[]): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const { from, alias, to } of links) {
    const known = names.get(to.id) ?? [];
    names.set(to.id, [...known, `/${from.name}/${alias}`]);
  }
  return names;
}
