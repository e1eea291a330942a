import { pathTo, requestJson } from "#client/api.ts";
import { asObject, textsAt } from "#client/json.ts";
import { forEachName } from "../../arguments/for-each-name.ts";
import { resourceFlags } from "../../container-flags/resource-flags.ts";
import { resources } from "../../container-flags/resources.ts";
import { parseRestartPolicy } from "../../container-flags/restart-policy.ts";
import { parsed } from "../../flags/kinds.ts";
import { printError } from "../../output/output.ts";
import { atLeast, command } from "../../registry/command.ts";

export const updateCommand = command({
  synopsis: "[OPTIONS] CONTAINER [CONTAINER...]",
  description: "Change what may be changed of one or more containers",
  flags: {
    ...resourceFlags,
    restart: parsed("Restart policy to apply when a container exits", parseRestartPolicy),
  },
  arguments: atLeast(1),
  run: ({ flags, positionals }) =>
    forEachName(positionals, async (name) => {
      const json = { ...resources(flags), RestartPolicy: flags.restart };
      const answer = await requestJson("POST", pathTo("containers", name, "/update"), { json });
      for (const warning of textsAt(asObject(answer), "Warnings")) printError(`WARNING: ${warning}`, "bare");
      return `${name}\n`;
    }),
});
