import { pathTo, request } from "#client/api.ts";
import { errorCode } from "#support/errors.ts";
import { forEachName } from "../../arguments/for-each-name.ts";
import { bool } from "../../flags/kinds.ts";
import { atLeast, command } from "../../registry/command.ts";

export const removeNetworkCommand = command({
  name: "network rm",
  aliases: ["network remove"],
  summary: "Remove one or more networks",
  synopsis: "[OPTIONS] NETWORK [NETWORK...]",
  flags: { force: bool("Do not error if the network does not exist", { short: "f" }) },
  arguments: atLeast(1),
  remote: true,
  run: ({ flags, positionals }) =>
    forEachName(positionals, async (name) => {
      try {
        await request("DELETE", pathTo("networks", name));
      } catch (error) {
        if (flags.force && errorCode(error) === "not-found") return "";
        throw error;
      }
      return `${name}\n`;
    }),
});
