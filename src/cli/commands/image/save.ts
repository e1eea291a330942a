import { request } from "#client/api.ts";
import { parsePlatform } from "#oci/platform.ts";
import { parsed, text } from "../../flags/kinds.ts";
import { atLeast, command } from "../../registry/command.ts";
import { writeArchive } from "../container/archive-output.ts";

export const saveCommand = command({
  synopsis: "[OPTIONS] IMAGE [IMAGE...]",
  description: "Write images to a tar archive, an OCI layout that Docker can load too",
  flags: {
    output: text("Write to a file, instead of STDOUT", { short: "o" }),
    platform: parsed("Save one platform of images that have several (os/arch[/variant])", parsePlatform),
  },
  arguments: atLeast(1),
  async run({ flags: { output, platform }, positionals: names }) {
    const query = { names, platform: platform === undefined ? undefined : JSON.stringify(platform) };
    await writeArchive(output, () => request("GET", "/images/get", { query }));
    return 0;
  },
});
