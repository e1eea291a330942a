import { type Filter, filterFlag } from "../../arguments/filters.ts";
import { bool } from "../../flags/kinds.ts";
import { command, exactly } from "../../registry/command.ts";
import { confirm } from "../../terminal/confirm.ts";
import { printReclaimed, pruneVolumes } from "../prune/prune-objects.ts";

export const pruneVolumesCommand = command({
  name: "volume prune",
  summary: "Remove unused local volumes",
  description: "Removes anonymous volumes that no container uses; with --all, named volumes too.",
  synopsis: "[OPTIONS]",
  flags: {
    all: bool("Remove all unused volumes, not just anonymous ones", { short: "a" }),
    filter: filterFlag('Provide filter values (e.g. "label=<label>")', {}),
    force: bool("Do not prompt for confirmation", { short: "f" }),
  },
  arguments: exactly(0),
  remote: true,
  async run({ flags: { all, filter, force } }) {
    const volumes = all ? "all local volumes" : "anonymous local volumes";
    if (!(await confirm(`This will remove ${volumes} not used by at least one container.`, force))) return 0;
    const filters: Filter[] = all ? [...filter, ["all", "true"]] : filter;
    await printReclaimed(await pruneVolumes(filters));
    return 0;
  },
});
