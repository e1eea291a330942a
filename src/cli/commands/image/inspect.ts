import type { ImageInspect } from "#api/answers/images.ts";
import { fetchJson } from "#client/endpoints.ts";
import { inspectEach } from "../../arguments/inspect-each.ts";
import { parsed } from "../../flags/kinds.ts";
import { objectFormatFlag } from "../../format/format-flags.ts";
import { atLeast, command } from "../../registry/command.ts";
import { parsePlatformFlag } from "../../values/platform.ts";

export const inspectImageCommand = command({
  name: "image inspect",
  summary: "Display detailed information on one or more images",
  synopsis: "[OPTIONS] IMAGE [IMAGE...]",
  flags: {
    format: objectFormatFlag,
    platform: parsed("Inspect a specific platform of the image (os/arch[/variant])", parsePlatformFlag),
  },
  arguments: atLeast(1),
  remote: true,
  run: ({ flags: { format, platform }, positionals }) =>
    inspectEach(positionals, format, (name) => fetchImage(name, platform)),
});

/** Fetches an image by name or ID; `platform` is the query's JSON. */
export function fetchImage(name: string, platform?: string): Promise<ImageInspect> {
  return fetchJson("GET /images/{name}/json", { name, query: { platform } });
}
