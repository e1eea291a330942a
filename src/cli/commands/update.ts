import { pathTo, request } from "#client/api.ts";
import { atLeast, command } from "../command.ts";
import { parseRestartPolicy } from "../container/restart-policy.ts";
import { parsed } from "../flags/kinds.ts";
import { forEachName } from "../for-each-name.ts";

export const updateCommand = command({
  synopsis: "[OPTIONS] CONTAINER [CONTAINER...]",
  description: "Change what may be changed of one or more containers",
  flags: { restart: parsed("Restart policy to apply when a container exits", parseRestartPolicy) },
  arguments: atLeast(1),
  run: ({ flags, positionals }) =>
    forEachName(positionals, async (name) => {
      const json = { RestartPolicy: flags.restart };
      await request("POST", pathTo("containers", name, "/update"), { json });
      return `${name}\n`;
    }),
});
