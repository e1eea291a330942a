import { fetchLines } from "#client/endpoints.ts";
import { archiveBody } from "../../archives/archive-body.ts";
import { splitImageName } from "../../arguments/image-name.ts";
import { list, text } from "../../flags/kinds.ts";
import { print } from "../../output/output.ts";
import { throwFailure } from "../../progress/failure.ts";
import { between, command } from "../../registry/command.ts";

const hints = {
  terminal: "cannot import from a terminal: redirect an archive to standard input",
  directory: (path: string) => `make an archive of it: tar -C ${path} -c . | tbox import -`,
};

export const importCommand = command({
  name: "import",
  aliases: ["image import"],
  summary: "Import the contents from a tarball to create a filesystem image",
  synopsis: "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
  flags: {
    change: list("Apply Dockerfile instruction to the created image", { short: "c" }),
    message: text("Set commit message for imported image", { short: "m" }),
    platform: text("Set platform of the image (os/arch[/variant])"),
  },
  arguments: between(1, 2),
  examples: [
    { line: "tbox import root.tar base:1", purpose: "Create an image from an archive" },
    {
      line: "zcat root.tar.gz | tbox import -m v2 - base:2",
      purpose: "Read the archive from standard input",
    },
  ],
  async run({ flags, positionals: [source = "", reference] }) {
    const isUrl = /^https?:\/\//.test(source);
    const body = isUrl ? undefined : await archiveBody(source, hints);
    const parts = reference === undefined ? undefined : splitImageName(reference);
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
    for await (const line of fetchLines("POST /images/create", sent)) {
      throwFailure(line);
      await print(`${line.status ?? ""}\n`);
    }
    return 0;
  },
});
