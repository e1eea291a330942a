import { pathTo, request } from "#client/api.ts";
import { forEachName } from "../../arguments/for-each-name.ts";
import { atLeast, command } from "../../registry/command.ts";

export const pauseCommand = command({
  name: "pause",
  aliases: ["container pause"],
  summary: "Pause all processes within one or more containers",
  synopsis: "CONTAINER [CONTAINER...]",
  flags: {},
  arguments: atLeast(1),
  remote: true,
  run: ({ positionals }) =>
    forEachName(positionals, async (name) => {
      await request("POST", pathTo("containers", name, "/pause"));
      return `${name}\n`;
    }),
});
