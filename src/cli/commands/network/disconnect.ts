import { pathTo, request } from "#client/api.ts";
import { bool } from "../../flags/kinds.ts";
import { command, exactly } from "../../registry/command.ts";

export const disconnectNetworkCommand = command({
  name: "network disconnect",
  summary: "Disconnect a container from a network",
  synopsis: "[OPTIONS] NETWORK CONTAINER",
  flags: { force: bool("Force the container to disconnect from a network", { short: "f" }) },
  arguments: exactly(2),
  remote: true,
  async run({ flags: { force }, positionals: [network = "", container] }) {
    const json = { Container: container, Force: force };
    await request("POST", pathTo("networks", network, "/disconnect"), { json });
    return 0;
  },
});
