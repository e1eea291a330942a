import { fetchJson } from "#client/endpoints.ts";
import { inspectEach } from "../../arguments/inspect-each.ts";
import { bool } from "../../flags/kinds.ts";
import { objectFormatFlag } from "../../format/format-flags.ts";
import { atLeast, command } from "../../registry/command.ts";

export const inspectNetworkCommand = command({
  name: "network inspect",
  summary: "Display detailed information on one or more networks",
  synopsis: "[OPTIONS] NETWORK [NETWORK...]",
  flags: {
    format: objectFormatFlag,
    verbose: bool("Verbose output for diagnostics", { short: "v" }),
  },
  arguments: atLeast(1),
  remote: true,
  run: ({ flags, positionals }) =>
    inspectEach(positionals, flags.format, (name) => fetchJson("GET /networks/{name}", { name })),
});
