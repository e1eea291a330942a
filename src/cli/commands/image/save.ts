import { request } from "#client/api.ts";
import { parsePlatform } from "#oci/platform.ts";
import { writeArchive } from "../../archives/write-archive.ts";
import { parsed, text } from "../../flags/kinds.ts";
import { atLeast, command } from "../../registry/command.ts";

export const saveCommand = command({
  name: "save",
  aliases: ["image save"],
  summary: "Save one or more images to a tar archive (streamed to STDOUT by default)",
  description: "The archive is an OCI image layout that Docker loads too.",
  synopsis: "[OPTIONS] IMAGE [IMAGE...]",
  flags: {
    output: text("Write to a file, instead of STDOUT", { short: "o", completes: "file" }),
    platform: parsed("Save a single platform of multi-platform images (os/arch[/variant])", parsePlatform),
  },
  arguments: atLeast(1),
  examples: [
    { line: "tbox save -o app.tar app:1 app:2", purpose: "Save two images to a file" },
    { line: "tbox save app:1 | gzip > app.tar.gz", purpose: "Compress an image" },
  ],
  async run({ flags: { output, platform }, positionals: names }) {
    const query = { names, platform: platform === undefined ? undefined : JSON.stringify(platform) };
    await writeArchive(output, () => request("GET", "/images/get", { query }));
    return 0;
  },
});
