import { requestLines } from "#client/api.ts";
import { objectAt, textAt } from "#client/json.ts";
import { archiveBody } from "../archive-body.ts";
import { command } from "../command.ts";
import { ExitError } from "../exit.ts";
import { list, text } from "../flags/kinds.ts";
import { print } from "../output.ts";
import { splitReference } from "../pull-image.ts";

export const importCommand = command({
  synopsis: "[OPTIONS] file|- [REPOSITORY[:TAG]]",
  description: "Make an image from a root file system in a tar archive",
  flags: {
    change: list("Apply Dockerfile instruction to the created image", { short: "c" }),
    message: text("Set commit message for imported image", { short: "m" }),
    platform: text("Platform of the image (os/arch[/variant])"),
  },
  arguments: { minimum: 1, maximum: 2 },
  async run({ flags, positionals: [source = "", reference] }) {
    if (/^https?:\/\//.test(source)) {
      throw new ExitError("importing from a URL is not supported yet: download it and import the file", 1);
    }
    const body = await archiveBody(
      source,
      "cannot import from a terminal: redirect an archive to standard input",
    );
    const parts = reference === undefined ? undefined : splitReference(reference);
    const query = {
      fromSrc: "-",
      repo: parts?.name,
      tag: parts?.tag,
      message: flags.message,
      changes: flags.change,
      platform: flags.platform,
    };
    const headers = { "Content-Type": "application/x-tar" };
    for await (const line of requestLines("POST", "/images/create", { query, headers, body })) {
      const message = textAt(objectAt(line, "errorDetail"), "message") || textAt(line, "error");
      if (message !== "") throw new ExitError(message, 1);
      await print(`${textAt(line, "status")}\n`);
    }
    return 0;
  },
});
