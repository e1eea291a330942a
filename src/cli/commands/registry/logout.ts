import { eraseCredentials } from "#client/credentials/credentials.ts";
import { serverKey } from "#client/credentials/registry-key.ts";
import { print, printWarning } from "../../output/output.ts";
import { between, command } from "../../registry/command.ts";

export const logoutCommand = command({
  name: "logout",
  summary: "Log out from a registry",
  description: "Without a server, logs out from Docker Hub.",
  synopsis: "[SERVER]",
  flags: {},
  arguments: between(0, 1),
  async run({ positionals: [server = ""] }) {
    const key = serverKey(server);
    const known = await eraseCredentials(key, printWarning);
    await print(known ? `Removing login credentials for ${key}\n` : `Not logged in to ${key}\n`);
    return 0;
  },
});
