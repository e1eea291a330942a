import { fetchLines } from "#client/endpoints.ts";
import { parsePlatform } from "#oci/platform.ts";
import { archiveBody } from "../../archives/archive-body.ts";
import { bool, parsed, text } from "../../flags/kinds.ts";
import { print } from "../../output/output.ts";
import { throwFailure } from "../../progress/failure.ts";
import { command, exactly } from "../../registry/command.ts";

const hints = {
  terminal: "requested load from stdin, but stdin is empty",
  directory: (path: string) =>
    `load an archive of tbox save, or an OCI layout as tar -C ${path} -c . | tbox load`,
};

export const loadCommand = command({
  name: "load",
  aliases: ["image load"],
  summary: "Load an image from a tar archive or STDIN",
  synopsis: "[OPTIONS]",
  flags: {
    input: text("Read from tar archive file, instead of STDIN", { short: "i", completes: "file" }),
    platform: parsed("Load a single platform of multi-platform images (os/arch[/variant])", parsePlatform),
    quiet: bool("Suppress the load output", { short: "q" }),
  },
  arguments: exactly(0),
  examples: [
    { line: "tbox load -i app.tar", purpose: "Load the images of an archive" },
    { line: "zcat app.tar.gz | tbox load", purpose: "Read the archive from standard input" },
  ],
  async run({ flags }) {
    const body = await archiveBody(flags.input ?? "-", hints);
    const { platform } = flags;
    const query = {
      quiet: flags.quiet ? "1" : "0",
      platform: platform === undefined ? undefined : JSON.stringify(platform),
    };
    const headers = { "Content-Type": "application/x-tar" };
    for await (const line of fetchLines("POST /images/load", { query, headers, body })) {
      throwFailure(line);
      await print(line.stream ?? "");
    }
    return 0;
  },
});
