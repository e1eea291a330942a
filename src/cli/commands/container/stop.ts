import { pathTo, request } from "#client/api.ts";
import { forEachName } from "../../arguments/for-each-name.ts";
import { integer, text } from "../../flags/kinds.ts";
import { atLeast, command } from "../../registry/command.ts";

export const stopCommand = command({
  name: "stop",
  aliases: ["container stop"],
  summary: "Stop one or more running containers",
  rank: 8,
  synopsis: "[OPTIONS] CONTAINER [CONTAINER...]",
  flags: {
    signal: text("Signal to send to the container", { short: "s" }),
    timeout: integer("Seconds to wait before killing the container", { short: "t", also: "time" }),
  },
  arguments: atLeast(1),
  examples: [
    { line: "tbox stop web", purpose: "Stop a container" },
    { line: "tbox stop -t 30 db cache", purpose: "Allow two containers 30 seconds before they are killed" },
  ],
  remote: true,
  run: ({ flags, positionals }) =>
    forEachName(positionals, async (name) => {
      const query = { signal: flags.signal, t: flags.timeout?.toString() };
      await request("POST", pathTo("containers", name, "/stop"), { query });
      return `${name}\n`;
    }),
});
