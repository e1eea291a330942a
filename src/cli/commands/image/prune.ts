import { bool } from "../../flags/kinds.ts";
import { command, exactly } from "../../registry/command.ts";
import { confirm } from "../../terminal/confirm.ts";
import { pruneFlags } from "../prune/prune-flags.ts";
import { printReclaimed, pruneImages } from "../prune/prune-objects.ts";

export const pruneImagesCommand = command({
  name: "image prune",
  summary: "Remove unused images",
  description:
    "Removes images without a tag that no container uses; with --all, every image that no container uses.",
  synopsis: "[OPTIONS]",
  flags: {
    ...pruneFlags,
    all: bool("Remove all unused images, not just dangling ones", { short: "a" }),
  },
  arguments: exactly(0),
  remote: true,
  async run({ flags: { all, filter, force } }) {
    const images = all
      ? "all images without at least one container associated to them"
      : "all dangling images";
    if (!(await confirm(`This will remove ${images}.`, force))) return 0;
    await printReclaimed(await pruneImages(filter, all));
    return 0;
  },
});
