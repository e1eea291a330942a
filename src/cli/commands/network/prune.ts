import { command, exactly } from "../../registry/command.ts";
import { confirm } from "../../terminal/confirm.ts";
import { pruneFlags } from "../prune/prune-flags.ts";
import { pruneNetworks } from "../prune/prune-objects.ts";

export const pruneNetworksCommand = command({
  name: "network prune",
  summary: "Remove all unused networks",
  synopsis: "[OPTIONS]",
  flags: pruneFlags,
  arguments: exactly(0),
  remote: true,
  async run({ flags: { filter, force } }) {
    const warning = "This will remove all custom networks not used by at least one container.";
    if (await confirm(warning, force)) await pruneNetworks(filter);
    return 0;
  },
});
