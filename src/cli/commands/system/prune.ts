import { bool } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { command, exactly } from "../../registry/command.ts";
import { confirm } from "../../terminal/confirm.ts";
import { pruneFlags } from "../prune/prune-flags.ts";
import {
  printReclaimed,
  pruneBuildCache,
  pruneContainers,
  pruneImages,
  pruneNetworks,
  pruneVolumes,
} from "../prune/prune-objects.ts";

export const pruneSystemCommand = command({
  name: "system prune",
  summary: "Remove unused data",
  description: "Removes stopped containers, unused networks, dangling images and unused build cache.",
  synopsis: "[OPTIONS]",
  flags: {
    ...pruneFlags,
    all: bool("Remove all unused images, not just dangling ones", { short: "a" }),
    volumes: bool("Prune anonymous volumes"),
  },
  arguments: exactly(0),
  examples: [
    { line: "tbox system prune", purpose: "Remove unused data after a question" },
    {
      line: "tbox system prune --all --volumes --force",
      purpose: "Remove everything that no container uses",
    },
  ],
  async run({ flags: { all, filter, force, volumes } }) {
    const hasFilter = (key: string) => filter.some(([name]) => name === key);
    if (volumes && hasFilter("until")) {
      throw new ExitError('the "until" filter is not supported with "--volumes"', 1);
    }
    // Build cache has no labels.
    const builds = !hasFilter("label") && !hasFilter("label!");
    const removed = [
      "all stopped containers",
      "all networks not used by at least one container",
      ...(volumes ? ["all anonymous volumes not used by at least one container"] : []),
      all ? "all images without at least one container associated to them" : "all dangling images",
      ...(builds ? [all ? "all build cache" : "unused build cache"] : []),
    ];
    const warning = `This will remove:\n${removed.map((objects) => `  - ${objects}\n`).join("")}`;
    if (!(await confirm(warning, force))) return 0;
    let freed = await pruneContainers(filter);
    if (volumes) freed += await pruneVolumes(filter);
    await pruneNetworks(filter);
    freed += await pruneImages(filter, all);
    if (builds) freed += await pruneBuildCache(filter, all);
    await printReclaimed(freed);
    return 0;
  },
});
