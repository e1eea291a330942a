import { pathTo, request } from "#client/api.ts";
import { command, exactly } from "../../registry/command.ts";

export const tagCommand = command({
  synopsis: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
  description: "Give an image one more name",
  flags: {},
  arguments: exactly(2),
  async run({ positionals: [source = "", target = ""] }) {
    await request("POST", pathTo("images", source, "/tag"), { query: { repo: target } });
    return 0;
  },
});
