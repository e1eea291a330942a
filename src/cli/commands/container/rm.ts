import { pathTo, request } from "#client/api.ts";
import { DaemonError } from "#client/daemon/daemon-error.ts";
import { forEachName } from "../../arguments/for-each-name.ts";
import { bool } from "../../flags/kinds.ts";
import { printError } from "../../output/output.ts";
import { atLeast, command } from "../../registry/command.ts";

export const rmCommand = command({
  name: "rm",
  aliases: ["container rm", "container remove"],
  summary: "Remove one or more containers",
  rank: 9,
  synopsis: "[OPTIONS] CONTAINER [CONTAINER...]",
  flags: {
    force: bool("Force the removal of a running container (uses SIGKILL)", { short: "f" }),
    link: bool("Remove the specified link (CONTAINER/ALIAS) instead of a container", { short: "l" }),
    volumes: bool("Remove anonymous volumes associated with the container", { short: "v" }),
  },
  arguments: atLeast(1),
  examples: [
    { line: "tbox rm web", purpose: "Remove a stopped container" },
    { line: "tbox rm -fv web", purpose: "Kill a running container and remove it with its anonymous volumes" },
  ],
  remote: true,
  run: ({ flags, positionals }) =>
    forEachName(positionals, async (name) => {
      const query = {
        force: flags.force ? "1" : undefined,
        link: flags.link ? "1" : undefined,
        v: flags.volumes ? "1" : undefined,
      };
      try {
        await request("DELETE", pathTo("containers", name), { query });
      } catch (error) {
        // With --force, a missing container is no failure.
        if (!flags.force || !(error instanceof DaemonError) || error.status !== 404) throw error;
        printError(error.message);
        return "";
      }
      return `${name}\n`;
    }),
});
