import { pathTo, request } from "#client/api.ts";
import { text } from "../../flags/kinds.ts";
import { command, exactly } from "../../registry/command.ts";
import { writeArchive } from "./archive-output.ts";

export const exportCommand = command({
  synopsis: "[OPTIONS] CONTAINER",
  description: "Write a container's root file system as a tar archive",
  flags: { output: text("Write to a file, instead of STDOUT", { short: "o" }) },
  arguments: exactly(1),
  async run({ flags: { output }, positionals: [name = ""] }) {
    await writeArchive(output, () => request("GET", pathTo("containers", name, "/export")));
    return 0;
  },
});
