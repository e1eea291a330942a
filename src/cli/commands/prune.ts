import { parseBytes } from "#support/bytes.ts";
import { command, exactly } from "../command.ts";
import { parseFilter } from "../filters.ts";
import { bool, listOf, parsed } from "../flags/kinds.ts";
import { confirmed, printReclaimed, prune } from "../prune.ts";

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
    await printReclaimed(
      await prune({
        path: "/build/prune",
        query: { all: all ? "1" : "0", ...limitsQuery(limits) },
        filters: filter,
        heading: "Deleted build cache objects:",
        field: "CachesDeleted",
      }),
    );
    return 0;
  },
});

export const pruneSystemCommand = command({
  synopsis: "[OPTIONS]",
  description: "Remove what is not used",
  flags: { ...shared, all: bool("Remove all unused images, not just those without a name", { short: "a" }) },
  arguments: exactly(0),
  async run({ flags: { all, filter, force } }) {
    const images = all
      ? "all images without at least one container associated to them"
      : "all dangling images";
    const networks = "all networks not used by at least one container";
    const warning = `This will remove:\n  - all stopped containers\n  - ${networks}\n  - ${images}\n`;
    if (!(await confirmed(warning, force))) return 0;
    const containers = await pruneContainers(filter);
    await pruneNetworks(filter);
    await printReclaimed(containers + (await pruneImages(filter, all)));
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

function pruneImages(filters: Filters, all: boolean): Promise<number> {
  const every: Filters = [...filters, ["dangling", all ? "false" : "true"]];
  return prune({ path: "/images/prune", filters: every, heading: "Deleted Images:", field: "ImagesDeleted" });
}
