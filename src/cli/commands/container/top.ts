import { pathTo, requestJson } from "#client/api.ts";
import { asObject, textsAt } from "#client/json.ts";
import { alignColumns } from "../../format/table.ts";
import { print } from "../../output/output.ts";
import { command } from "../../registry/command.ts";

export const topCommand = command({
  synopsis: "CONTAINER [ps OPTIONS]",
  description: "Display the running processes of a container",
  flags: {},
  arguments: { minimum: 1, maximum: Number.POSITIVE_INFINITY },
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
