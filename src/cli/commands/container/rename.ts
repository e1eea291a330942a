import { pathTo, request } from "#client/api.ts";
import { command, exactly } from "../../registry/command.ts";

export const renameCommand = command({
  synopsis: "CONTAINER NEW_NAME",
  description: "Rename a container",
  flags: {},
  arguments: exactly(2),
  async run({ positionals: [name = "", wanted = ""] }) {
    await request("POST", pathTo("containers", name, "/rename"), { query: { name: wanted } });
    return 0;
  },
});
