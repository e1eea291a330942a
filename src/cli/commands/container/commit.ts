import { fetchJson } from "#client/endpoints.ts";
import { splitImageName } from "../../arguments/image-name.ts";
import { bool, list, text } from "../../flags/kinds.ts";
import { print } from "../../output/output.ts";
import { between, command } from "../../registry/command.ts";

export const commitCommand = command({
  name: "commit",
  aliases: ["container commit"],
  summary: "Create a new image from a container's changes",
  synopsis: "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
  flags: {
    author: text('Author (e.g., "Jane Doe <jane@example.org>")', { short: "a" }),
    change: list("Apply Dockerfile instruction to the created image", { short: "c" }),
    pause: bool("Pause container during commit, if it has a cgroup", { short: "p", initial: true }),
    "no-pause": bool("Disable pausing container during commit"),
    message: text("Commit message", { short: "m" }),
  },
  arguments: between(1, 2),
  examples: [
    { line: "tbox commit web web:debug", purpose: "Create an image from a container" },
    {
      line: "tbox commit -c 'CMD [\"serve\"]' web app:1",
      purpose: "Set the default command of the new image",
    },
  ],
  async run({ flags, positionals: [container = "", reference] }) {
    const parts = reference === undefined ? undefined : splitImageName(reference);
    const { Id } = await fetchJson("POST /commit", {
      query: {
        container,
        repo: parts?.name,
        tag: parts?.tag,
        author: flags.author,
        comment: flags.message,
        changes: flags.change,
        pause: flags.pause && !flags["no-pause"] ? "1" : "0",
      },
    });
    await print(`${Id}\n`);
    return 0;
  },
});
