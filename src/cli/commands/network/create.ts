import { fetchJson } from "#client/endpoints.ts";
import { bool, list, listOf, text } from "../../flags/kinds.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";
import { parseLabel, toRecord } from "../../values/entries.ts";
import { parseIpAddress } from "../../values/host-addresses.ts";
import { addressPools } from "./address-pools.ts";

export const createNetworkCommand = command({
  name: "network create",
  summary: "Create a network",
  synopsis: "[OPTIONS] NETWORK",
  flags: {
    attachable: bool("Enable manual container attachment"),
    "aux-address": listOf("Addresses reserved for other devices (name=address)", parseLabel, {
      valueName: "map",
    }),
    driver: text("Driver to manage the network", { short: "d", shownDefault: "bridge" }),
    gateway: listOf("IPv4 or IPv6 gateway for the subnet", parseIpAddress),
    internal: bool("Restrict external access to the network"),
    "ip-range": list("Allocate container IPs from a sub-range"),
    ipv4: bool("Enable IPv4 address assignment", { initial: true }),
    ipv6: bool("Enable IPv6 address assignment"),
    label: listOf("Set metadata on a network", parseLabel),
    opt: listOf("Set driver specific options (name=value)", parseLabel, { short: "o", valueName: "map" }),
    subnet: list("Subnet in CIDR format that represents a network segment"),
  },
  arguments: exactly(1),
  examples: [
    {
      line: "tbox network create backend",
      purpose: "Create a network on which containers find each other by name",
    },
    {
      line: "tbox network create --subnet 10.9.0.0/24 --gateway 10.9.0.1 lab",
      purpose: "Create a network with a fixed subnet",
    },
    { line: "tbox network create --internal db", purpose: "Create a network without access to the outside" },
  ],
  remote: true,
  async run({ flags, given, positionals: [name] }) {
    const json = {
      Name: name,
      Driver: flags.driver,
      Internal: flags.internal || undefined,
      Attachable: flags.attachable || undefined,
      EnableIPv4: given.has("ipv4") ? flags.ipv4 : undefined,
      EnableIPv6: given.has("ipv6") ? flags.ipv6 : undefined,
      IPAM: { Config: addressPools(flags) },
      Options: toRecord(flags.opt),
      Labels: toRecord(flags.label),
    };
    const { Id } = await fetchJson("POST /networks/create", { json });
    await print(`${Id}\n`);
    return 0;
  },
});
