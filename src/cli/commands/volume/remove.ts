import { pathTo, request } from "#client/api.ts";
import { forEachName } from "../../arguments/for-each-name.ts";
import { bool } from "../../flags/kinds.ts";
import { atLeast, command } from "../../registry/command.ts";

export const removeVolumeCommand = command({
  name: "volume rm",
  aliases: ["volume remove"],
  summary: "Remove one or more volumes",
  synopsis: "[OPTIONS] VOLUME [VOLUME...]",
  flags: { force: bool("Force the removal of one or more volumes", { short: "f" }) },
  arguments: atLeast(1),
  remote: true,
  run: ({ flags, positionals }) =>
    forEachName(positionals, async (name) => {
      await request("DELETE", pathTo("volumes", name), { query: { force: flags.force ? "1" : undefined } });
      return `${name}\n`;
    }),
});
