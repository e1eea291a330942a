import { pathTo, request } from "#client/api.ts";
import { forEachName } from "../../arguments/for-each-name.ts";
import { text } from "../../flags/kinds.ts";
import { atLeast, command } from "../../registry/command.ts";

export const killCommand = command({
  name: "kill",
  aliases: ["container kill"],
  summary: "Kill one or more running containers",
  synopsis: "[OPTIONS] CONTAINER [CONTAINER...]",
  flags: { signal: text("Signal to send to the container", { short: "s" }) },
  arguments: atLeast(1),
  examples: [{ line: "tbox kill -s HUP web", purpose: "Send a signal to a container" }],
  remote: true,
  run: ({ flags, positionals }) =>
    forEachName(positionals, async (name) => {
      await request("POST", pathTo("containers", name, "/kill"), { query: { signal: flags.signal } });
      return `${name}\n`;
    }),
});
