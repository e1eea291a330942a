import { requestLines } from "#client/api.ts";
import { objectAt, textAt } from "#client/json.ts";
import { list, text } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { print } from "../../output/output.ts";
import { command } from "../../registry/command.ts";
import { archiveBody } from "../container/archive-body.ts";
import { splitReference } from "./pull-image.ts";

export const importCommand = command({
  synopsis: "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
  description: "Make an image from a root file system in a tar archive",
  flags: {
    change: list("Apply Dockerfile instruction to the created image", { short: "c" }),
    message: text("Set commit message for imported image", { short: "m" }),
    platform: text("Platform of the image (os/arch[/variant])"),
  },
  arguments: { minimum: 1, maximum: 2 },
  async run({ flags, positionals: [source = "", reference] }) {
    const isUrl = /^https?:\/\//.test(source);
    const hint = "cannot import from a terminal: redirect an archive to standard input";
    const body = isUrl ? undefined : await archiveBody(source, hint);
    const parts = reference === undefined ? undefined : splitReference(reference);
    const query = {
      fromSrc: isUrl ? source : "-",
      repo: parts?.name,
      tag: parts?.tag,
      message: flags.message,
      changes: flags.change,
      platform: flags.platform,
    };
    const headers = { "Content-Type": "application/x-tar" };
    const sent = body === undefined ? { query } : { query, headers, body };
    for await (const line of requestLines("POST", "/images/create", sent)) {
      const message = textAt(objectAt(line, "errorDetail"), "message") || textAt(line, "error");
      if (message !== "") throw new ExitError(message, 1);
      await print(`${textAt(line, "status")}\n`);
    }
    return 0;
  },
});
