import { requestLines } from "#client/api.ts";
import { objectAt, textAt } from "#client/json.ts";
import { parsePlatform } from "#oci/platform.ts";
import { bool, parsed, text } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";
import { archiveBody } from "../container/archive-body.ts";

export const loadCommand = command({
  synopsis: "[OPTIONS]",
  description: "Load images from a tar archive or standard input",
  flags: {
    input: text("Read from tar archive file, instead of STDIN", { short: "i" }),
    platform: parsed("Load one platform of images that have several (os/arch[/variant])", parsePlatform),
    quiet: bool("Suppress the load output", { short: "q" }),
  },
  arguments: exactly(0),
  async run({ flags }) {
    const body = await archiveBody(flags.input ?? "-", "requested load from stdin, but stdin is empty");
    const { platform } = flags;
    const query = {
      quiet: flags.quiet ? "1" : "0",
      platform: platform === undefined ? undefined : JSON.stringify(platform),
    };
    const headers = { "Content-Type": "application/x-tar" };
    for await (const line of requestLines("POST", "/images/load", { query, headers, body })) {
      const message = textAt(objectAt(line, "errorDetail"), "message") || textAt(line, "error");
      if (message !== "") throw new ExitError(message, 1);
      await print(textAt(line, "stream"));
    }
    return 0;
  },
});
