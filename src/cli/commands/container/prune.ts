import { command, exactly } from "../../registry/command.ts";
import { confirm } from "../../terminal/confirm.ts";
import { pruneFlags } from "../prune/prune-flags.ts";
import { printReclaimed, pruneContainers } from "../prune/prune-objects.ts";

export const pruneContainersCommand = command({
  name: "container prune",
  summary: "Remove all stopped containers",
  synopsis: "[OPTIONS]",
  flags: pruneFlags,
  arguments: exactly(0),
  examples: [
    {
      line: "tbox container prune --filter until=24h",
      purpose: "Remove containers created more than a day ago",
    },
  ],
  remote: true,
  async run({ flags: { filter, force } }) {
    if (!(await confirm("This will remove all stopped containers.", force))) return 0;
    await printReclaimed(await pruneContainers(filter));
    return 0;
  },
});
