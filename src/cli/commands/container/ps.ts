import { fetchJson } from "#client/endpoints.ts";
import { filterFlag, filtersQuery } from "../../arguments/filters.ts";
import { bool, integer } from "../../flags/kinds.ts";
import { containerListing, containerRows } from "../../format/container-row.ts";
import { listFormatFlag } from "../../format/format-flags.ts";
import { renderListing } from "../../format/listing.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

export const psCommand = command({
  name: "ps",
  aliases: ["container ls", "container list", "container ps"],
  summary: "List containers",
  rank: 3,
  synopsis: "[OPTIONS]",
  flags: {
    all: bool("Show all containers (default shows just running)", { short: "a" }),
    filter: filterFlag("Filter output based on conditions provided"),
    format: listFormatFlag,
    last: integer("Show n last created containers (includes all states)", { short: "n" }),
    latest: bool("Show the latest created container (includes all states)", { short: "l" }),
    "no-trunc": bool("Don't truncate output"),
    quiet: bool("Only display container IDs", { short: "q" }),
    size: bool("Display total file sizes", { short: "s" }),
  },
  arguments: exactly(0),
  examples: [
    { line: "tbox ps -a", purpose: "List all containers, including stopped ones" },
    {
      line: 'tbox ps --filter label=app=web --format "{{.Names}}: {{.Status}}"',
      purpose: "Print one line for each container with a label",
    },
  ],
  remote: true,
  async run({ flags }) {
    const last = flags.latest ? 1 : (flags.last ?? -1);
    const query = {
      all: flags.all ? "1" : undefined,
      limit: last > 0 ? String(last) : undefined,
      size: flags.size || flags.format?.includes(".Size") ? "1" : undefined,
      filters: filtersQuery(flags.filter),
    };
    const containers = await fetchJson("GET /containers/json", { query });
    const rows = containerRows(containers, { truncate: !flags["no-trunc"] });
    await print(renderListing(containerListing(flags.size), rows, flags));
    return 0;
  },
});
