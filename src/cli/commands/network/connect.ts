import { pathTo, request } from "#client/api.ts";
import { networking } from "../../container-flags/networking.ts";
import { integer, list, listOf, parsed } from "../../flags/kinds.ts";
import { command, exactly } from "../../registry/command.ts";
import { parseLabel, toRecord } from "../../values/entries.ts";
import { parseIpAddress } from "../../values/host-addresses.ts";

export const connectNetworkCommand = command({
  name: "network connect",
  summary: "Connect a container to a network",
  synopsis: "[OPTIONS] NETWORK CONTAINER",
  flags: {
    alias: list("Add network-scoped alias for the container"),
    "driver-opt": listOf("Driver options for the network (name=value)", parseLabel),
    "gw-priority": integer("Priority of this network for the container's default route; the highest wins"),
    ip: parsed("IPv4 address (e.g., 172.30.100.104)", parseIpAddress),
    ip6: parsed("IPv6 address (e.g., 2001:db8::33)", parseIpAddress),
    link: list("Add link to another container (name:alias)"),
    "link-local-ip": listOf("Add a link-local address for the container", parseIpAddress),
  },
  arguments: exactly(2),
  examples: [
    { line: "tbox network connect backend web", purpose: "Connect a running container to a network" },
    {
      line: "tbox network connect --alias db --ip 10.9.0.7 lab postgres",
      purpose: "Choose the container's name and address on the network",
    },
  ],
  remote: true,
  async run({ flags, positionals: [network = "", container] }) {
    const { alias, "driver-opt": options, "gw-priority": priority } = flags;
    const endpoint = {
      ...(priority === undefined ? {} : { GwPriority: priority }),
      ...(options.length > 0 ? { DriverOpts: toRecord(options) } : {}),
    };
    const choice = { ...flags, network: [{ name: network, endpoint }], "network-alias": alias };
    const { config } = networking({ ...choice, "mac-address": undefined });
    const json = { Container: container, EndpointConfig: config?.EndpointsConfig[network] };
    await request("POST", pathTo("networks", network, "/connect"), { json });
    return 0;
  },
});
