import { requestJson } from "#client/api.ts";
import { asObject, textAt } from "#client/json.ts";
import { bool, list, text } from "../../flags/kinds.ts";
import { print } from "../../output/output.ts";
import { command } from "../../registry/command.ts";
import { splitReference } from "../image/pull-image.ts";

export const commitCommand = command({
  synopsis: "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
  description: "Make an image out of a container and what it has changed",
  flags: {
    author: text('Author of the image ("Jane Doe <jane@example.org>")', { short: "a" }),
    change: list("Apply Dockerfile instruction to the created image", { short: "c" }),
    pause: bool("Pause the container meanwhile, where it has a cgroup", { short: "p", initial: true }),
    message: text("Message kept in the image's history", { short: "m" }),
  },
  arguments: { minimum: 1, maximum: 2 },
  async run({ flags, positionals: [container = "", reference] }) {
    const parts = reference === undefined ? undefined : splitReference(reference);
    const answer = await requestJson("POST", "/commit", {
      query: {
        container,
        repo: parts?.name,
        tag: parts?.tag,
        author: flags.author,
        comment: flags.message,
        changes: flags.change,
        pause: flags.pause ? "1" : "0",
      },
    });
    await print(`${textAt(asObject(answer), "Id")}\n`);
    return 0;
  },
});
