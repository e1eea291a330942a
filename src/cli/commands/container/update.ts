import { fetchJson } from "#client/endpoints.ts";
import { forEachName } from "../../arguments/for-each-name.ts";
import { resourceFlags } from "../../container-flags/resource-flags.ts";
import { resources } from "../../container-flags/resources.ts";
import { parsed } from "../../flags/kinds.ts";
import { printWarning } from "../../output/output.ts";
import { atLeast, command } from "../../registry/command.ts";
import { parseRestartPolicy } from "../../values/restart-policy.ts";

export const updateCommand = command({
  name: "update",
  aliases: ["container update"],
  summary: "Update configuration of one or more containers",
  synopsis: "[OPTIONS] CONTAINER [CONTAINER...]",
  flags: {
    ...resourceFlags,
    restart: parsed("Restart policy to apply when a container exits", parseRestartPolicy),
  },
  arguments: atLeast(1),
  examples: [
    { line: "tbox update --memory 512m --cpus 1.5 web", purpose: "Change the limits of a running container" },
    { line: "tbox update --restart unless-stopped web", purpose: "Change the restart policy" },
  ],
  remote: true,
  run: ({ flags, positionals }) =>
    forEachName(positionals, async (name) => {
      const json = { ...resources(flags), RestartPolicy: flags.restart };
      const { Warnings } = await fetchJson("POST /containers/{name}/update", { name, json });
      for (const warning of Warnings) printWarning(warning);
      return `${name}\n`;
    }),
});
