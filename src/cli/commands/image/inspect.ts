import type { ImageInspect } from "#api/answers/images.ts";
import { fetchJson } from "#client/endpoints.ts";
import { inspectEach } from "../../arguments/inspect-each.ts";
import { objectFormatFlag } from "../../format/format-flags.ts";
import { atLeast, command } from "../../registry/command.ts";

export const inspectImageCommand = command({
  name: "image inspect",
  summary: "Display detailed information on one or more images",
  synopsis: "[OPTIONS] IMAGE [IMAGE...]",
  flags: { format: objectFormatFlag },
  arguments: atLeast(1),
  remote: true,
  run: ({ flags: { format }, positionals }) => inspectEach(positionals, format, fetchImage),
});

/** Fetches an image by name or ID. */
export function fetchImage(name: string): Promise<ImageInspect> {
  return fetchJson("GET /images/{name}/json", { name });
}
