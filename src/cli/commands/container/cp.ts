import { bool } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { command, exactly } from "../../registry/command.ts";
import { copyIn } from "./cp/copy-in.ts";
import { copyOut } from "./cp/copy-out.ts";
import { parseCopyEndpoint } from "./cp/endpoint.ts";

export const cpCommand = command({
  name: "cp",
  aliases: ["container cp"],
  summary: "Copy files/folders between a container and the local filesystem",
  description:
    "Use '-' as the source to read a tar archive from standard input, or as the destination to write one to standard output.",
  synopsis:
    "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n       tbox cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
  flags: {
    archive: bool("Archive mode (copy all uid/gid information)", { short: "a" }),
    "follow-link": bool("Always follow symbolic link in SRC_PATH", { short: "L" }),
    quiet: bool("Suppress progress output during copy (there is none)", { short: "q" }),
  },
  arguments: exactly(2),
  examples: [
    { line: "tbox cp web:/etc/nginx/nginx.conf .", purpose: "Copy a file from a container" },
    {
      line: "tbox cp ./site/. web:/usr/share/nginx/html",
      purpose: "Copy the contents of a directory into a container",
    },
    { line: "tbox cp web:/var/log - | tar t", purpose: "Write a directory of a container as a tar archive" },
  ],
  async run({ flags: { archive, "follow-link": followLink }, positionals: [from = "", to = ""] }) {
    if (from === "" || to === "") throw new ExitError("neither source nor destination can be empty", 1);
    const [source, target] = [parseCopyEndpoint(from), parseCopyEndpoint(to)];
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
        keepOwners: archive,
      });
    } else throw new ExitError("must specify at least one container source", 1);
    return 0;
  },
});
