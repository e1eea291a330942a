import { pathTo, request } from "#client/api.ts";
import { writeArchive } from "../../archives/write-archive.ts";
import { text } from "../../flags/kinds.ts";
import { command, exactly } from "../../registry/command.ts";

export const exportCommand = command({
  name: "export",
  aliases: ["container export"],
  summary: "Export a container's filesystem as a tar archive",
  synopsis: "[OPTIONS] CONTAINER",
  flags: { output: text("Write to a file, instead of STDOUT", { short: "o", completes: "file" }) },
  arguments: exactly(1),
  examples: [{ line: "tbox export -o root.tar web", purpose: "Write the filesystem to a file" }],
  async run({ flags: { output }, positionals: [name = ""] }) {
    await writeArchive(output, () => request("GET", pathTo("containers", name, "/export")));
    return 0;
  },
});
