import type { ContainerInspect } from "#api/answers/container-inspect.ts";
import { fetchJson } from "#client/endpoints.ts";
import { inspectEach } from "../../arguments/inspect-each.ts";
import { bool } from "../../flags/kinds.ts";
import { objectFormatFlag } from "../../format/format-flags.ts";
import { atLeast, command } from "../../registry/command.ts";

export const inspectContainerCommand = command({
  name: "container inspect",
  summary: "Display detailed information on one or more containers",
  synopsis: "[OPTIONS] CONTAINER [CONTAINER...]",
  flags: { format: objectFormatFlag, size: bool("Display total file sizes", { short: "s" }) },
  arguments: atLeast(1),
  remote: true,
  run: ({ flags: { format, size }, positionals }) =>
    inspectEach(positionals, format, (name) => fetchContainer(name, size)),
});

/** Fetches a container; `size` adds the sizes of its files. */
export function fetchContainer(name: string, size: boolean): Promise<ContainerInspect> {
  return fetchJson("GET /containers/{name}/json", { name, query: size ? { size: "1" } : {} });
}
