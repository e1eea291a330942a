import { pathTo, request } from "#client/api.ts";
import { command, exactly } from "../../registry/command.ts";

export const renameCommand = command({
  name: "rename",
  aliases: ["container rename"],
  summary: "Rename a container",
  synopsis: "CONTAINER NEW_NAME",
  flags: {},
  arguments: exactly(2),
  remote: true,
  async run({ positionals: [name = "", wanted = ""] }) {
    await request("POST", pathTo("containers", name, "/rename"), { query: { name: wanted } });
    return 0;
  },
});
