import { pathTo, request } from "#client/api.ts";
import { forEachName } from "../../arguments/for-each-name.ts";
import { atLeast, command } from "../../registry/command.ts";

export const unpauseCommand = command({
  synopsis: "CONTAINER [CONTAINER...]",
  description: "Unpause all processes within one or more containers",
  flags: {},
  arguments: atLeast(1),
  run: ({ positionals }) =>
    forEachName(positionals, async (name) => {
      await request("POST", pathTo("containers", name, "/unpause"));
      return `${name}\n`;
    }),
});
