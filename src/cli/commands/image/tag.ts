import { pathTo, request } from "#client/api.ts";
import { command, exactly } from "../../registry/command.ts";

export const tagCommand = command({
  name: "tag",
  aliases: ["image tag"],
  summary: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
  synopsis: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
  flags: {},
  arguments: exactly(2),
  examples: [
    {
      line: "tbox tag app:1 registry.example.org/team/app:1",
      purpose: "Name an image for a push to a registry",
    },
  ],
  remote: true,
  async run({ positionals: [source = "", target = ""] }) {
    await request("POST", pathTo("images", source, "/tag"), { query: { repo: target } });
    return 0;
  },
});
