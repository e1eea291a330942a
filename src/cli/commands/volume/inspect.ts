import { fetchJson } from "#client/endpoints.ts";
import { inspectEach } from "../../arguments/inspect-each.ts";
import { objectFormatFlag } from "../../format/format-flags.ts";
import { atLeast, command } from "../../registry/command.ts";

export const inspectVolumeCommand = command({
  name: "volume inspect",
  summary: "Display detailed information on one or more volumes",
  synopsis: "[OPTIONS] VOLUME [VOLUME...]",
  flags: { format: objectFormatFlag },
  arguments: atLeast(1),
  remote: true,
  run: ({ flags, positionals }) =>
    inspectEach(positionals, flags.format, (name) => fetchJson("GET /volumes/{name}", { name })),
});
