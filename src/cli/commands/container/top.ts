import { fetchJson } from "#client/endpoints.ts";
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
  remote: true,
  async run({ positionals: [name = "", ...args] }) {
    const query = { ps_args: args.length > 0 ? args.join(" ") : undefined };
    const { Titles, Processes } = await fetchJson("GET /containers/{name}/top", { name, query });
    await print(alignColumns([Titles, ...Processes]));
    return 0;
  },
});
