import { eraseCredentials, serverKey } from "#client/credentials/credentials.ts";
import { print, printError } from "../../output/output.ts";
import { atMost, command } from "../../registry/command.ts";

export const logoutCommand = command({
  synopsis: "[SERVER]",
  description: "Forget the credentials for a registry; Docker Hub's when none is named",
  flags: {},
  arguments: atMost(1),
  async run({ positionals: [server = ""] }) {
    const key = serverKey(server);
    const known = await eraseCredentials(key, (warning) => printError(`WARNING: ${warning}`, "bare"));
    await print(known ? `Removing login credentials for ${key}\n` : `Not logged in to ${key}\n`);
    return 0;
  },
});
