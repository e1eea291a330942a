import { bool } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { command, exactly } from "../../registry/command.ts";
import { copyIn } from "./cp/copy-in.ts";
import { copyOut } from "./cp/copy-out.ts";
import { parseCopyPlace } from "./cp/place.ts";

export const cpCommand = command({
  synopsis:
    "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n       tbox cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
  description: "Copy files between a container and this machine; '-' is a tar on standard input or output",
  flags: {
    archive: bool("Keep the owners of what is copied into a container", { short: "a" }),
    "follow-link": bool("Copy what a link leads to", { short: "L" }),
    quiet: bool("There is no progress to suppress", { short: "q", hidden: true }),
  },
  arguments: exactly(2),
  async run({ flags: { archive, "follow-link": followLink }, positionals: [from = "", to = ""] }) {
    if (from === "" || to === "") throw new ExitError("neither source nor destination can be empty", 1);
    const [source, target] = [parseCopyPlace(from), parseCopyPlace(to)];
    const [isFrom, isTo] = ["container" in source, "container" in target];
    if (isFrom && isTo) throw new ExitError("copying between containers is not supported", 1);
    if ("container" in source) {
      await copyOut({ container: source.container, source: source.path, target: target.path, followLink });
    } else if ("container" in target) {
      await copyIn({
        container: target.container,
        source: source.path,
        target: target.path,
        followLink,
        archive,
      });
    } else throw new ExitError("must specify at least one container source", 1);
    return 0;
  },
});
