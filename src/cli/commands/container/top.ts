import { pathTo, requestJson } from "#client/api.ts";
import { asObject, textsAt } from "#client/json.ts";
import { alignColumns } from "../../format/table.ts";
import { print } from "../../output/output.ts";
import { atLeast, command } from "../../registry/command.ts";

export const topCommand = command({
  name: "top",
  aliases: ["container top"],
  summary: "Display the running processes of a container",
  synopsis: "CONTAINER [ps OPTIONS]",
  flags: {},
  arguments: atLeast(1),
  placement: "leading",
  async run({ positionals: [name = "", ...args] }) {
    const query = { ps_args: args.length > 0 ? args.join(" ") : undefined };
    const table = asObject(await requestJson("GET", pathTo("containers", name, "/top"), { query }));
    const processes = Array.isArray(table.Processes) ? table.Processes : [];
    const rows = processes.map((fields: unknown) => (Array.isArray(fields) ? fields.map(String) : []));
    await print(alignColumns([textsAt(table, "Titles"), ...rows]));
    return 0;
  },
});
