import { pathTo, request } from "#client/api.ts";
import { forEachName } from "../../arguments/for-each-name.ts";
import { integer, text } from "../../flags/kinds.ts";
import { atLeast, command } from "../../registry/command.ts";

export const restartCommand = command({
  name: "restart",
  aliases: ["container restart"],
  summary: "Restart one or more containers",
  synopsis: "[OPTIONS] CONTAINER [CONTAINER...]",
  flags: {
    signal: text("Signal to send to the container", { short: "s" }),
    timeout: integer("Seconds to wait before killing the container", { short: "t", also: "time" }),
  },
  arguments: atLeast(1),
  remote: true,
  run: ({ flags, positionals }) =>
    forEachName(positionals, async (name) => {
      const query = { signal: flags.signal, t: flags.timeout?.toString() };
      await request("POST", pathTo("containers", name, "/restart"), { query });
      return `${name}\n`;
    }),
});
