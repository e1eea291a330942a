import { parseBytes } from "#support/bytes.ts";
import { parseFilter } from "../../arguments/filters.ts";
import { bool, listOf, parsed } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { command, exactly } from "../../registry/command.ts";
import { confirmed, printReclaimed, prune, pruneVolumes } from "./prune-kind.ts";

const shared = {
  filter: listOf('Provide filter values (e.g. "until=<timestamp>")', parseFilter, { valueName: "filter" }),
  force: bool("Do not prompt for confirmation", { short: "f" }),
};

export const pruneContainersCommand = command({
  synopsis: "[OPTIONS]",
  description: "Remove all stopped containers",
  flags: shared,
  arguments: exactly(0),
  async run({ flags: { filter, force } }) {
    if (!(await confirmed("This will remove all stopped containers.", force))) return 0;
    await printReclaimed(await pruneContainers(filter));
    return 0;
  },
});

export const pruneImagesCommand = command({
  synopsis: "[OPTIONS]",
  description: "Remove unused images",
  flags: { ...shared, all: bool("Remove all unused images, not just those without a name", { short: "a" }) },
  arguments: exactly(0),
  async run({ flags: { all, filter, force } }) {
    const what = all ? "all images without at least one container associated to them" : "all dangling images";
    if (!(await confirmed(`This will remove ${what}.`, force))) return 0;
    await printReclaimed(await pruneImages(filter, all));
    return 0;
  },
});

export const pruneBuilderCommand = command({
  synopsis: "[OPTIONS]",
  description: "Remove what builds keep",
  flags: {
    ...shared,
    all: bool("Remove everything, not just what no image has", { short: "a" }),
    "keep-storage": parsed("Amount of disk space to keep", parseBytes, { valueName: "bytes" }),
    "reserved-space": parsed("Amount of disk space always allowed to keep", parseBytes, {
      valueName: "bytes",
    }),
    "max-used-space": parsed("Maximum amount of disk space allowed to keep", parseBytes, {
      valueName: "bytes",
    }),
    "min-free-space": parsed("Target amount of free disk space after pruning", parseBytes, {
      valueName: "bytes",
    }),
  },
  arguments: exactly(0),
  async run({ flags: { all, filter, force, ...limits } }) {
    const what = all ? "all build cache" : "all build cache that no image uses";
    if (!(await confirmed(`This will remove ${what}.`, force))) return 0;
    await printReclaimed(await pruneBuilds(filter, all, limitsQuery(limits)));
    return 0;
  },
});

export const pruneSystemCommand = command({
  synopsis: "[OPTIONS]",
  description: "Remove what is not used",
  flags: {
    ...shared,
    all: bool("Remove all unused images, not just those without a name", { short: "a" }),
    volumes: bool("Remove anonymous volumes too"),
  },
  arguments: exactly(0),
  async run({ flags: { all, filter, force, volumes } }) {
    const filters = (key: string) => filter.some(([name]) => name === key);
    if (volumes && filters("until")) {
      throw new ExitError('the "until" filter is not supported with "--volumes"', 1);
    }
    // What builds keep has no labels.
    const builds = !filters("label") && !filters("label!");
    const removed = [
      "all stopped containers",
      "all networks not used by at least one container",
      ...(volumes ? ["all anonymous volumes not used by at least one container"] : []),
      all ? "all images without at least one container associated to them" : "all dangling images",
      ...(builds ? [all ? "all build cache" : "unused build cache"] : []),
    ];
    const warning = `This will remove:\n${removed.map((what) => `  - ${what}\n`).join("")}`;
    if (!(await confirmed(warning, force))) return 0;
    let freed = await pruneContainers(filter);
    if (volumes) freed += await pruneVolumes(filter);
    await pruneNetworks(filter);
    freed += await pruneImages(filter, all);
    if (builds) freed += await pruneBuilds(filter, all);
    await printReclaimed(freed);
    return 0;
  },
});

export const pruneNetworksCommand = command({
  synopsis: "[OPTIONS]",
  description: "Remove all networks that no container is on",
  flags: shared,
  arguments: exactly(0),
  async run({ flags: { filter, force } }) {
    const warning = "This will remove all custom networks not used by at least one container.";
    if (await confirmed(warning, force)) await pruneNetworks(filter);
    return 0;
  },
});

function limitsQuery(limits: Record<string, number | undefined>): Record<string, string> {
  const given = Object.entries(limits).filter(([, bytes]) => bytes !== undefined);
  return Object.fromEntries(given.map(([name, bytes]) => [name, String(bytes)]));
}

type Filters = [string, string][];

function pruneNetworks(filters: Filters): Promise<number> {
  return prune({ path: "/networks/prune", filters, heading: "Deleted Networks:", field: "NetworksDeleted" });
}

function pruneContainers(filters: Filters): Promise<number> {
  const heading = "Deleted Containers:";
  return prune({ path: "/containers/prune", filters, heading, field: "ContainersDeleted" });
}

function pruneBuilds(filters: Filters, all: boolean, limits: Record<string, string> = {}): Promise<number> {
  return prune({
    path: "/build/prune",
    query: { all: all ? "1" : "0", ...limits },
    filters,
    heading: "Deleted build cache objects:",
    field: "CachesDeleted",
  });
}

function pruneImages(filters: Filters, all: boolean): Promise<number> {
  const every: Filters = [...filters, ["dangling", all ? "false" : "true"]];
  return prune({ path: "/images/prune", filters: every, heading: "Deleted Images:", field: "ImagesDeleted" });
}
