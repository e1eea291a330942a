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
    "config-from": text("The network from which to copy the configuration", { hidden: true }),
    "config-only": bool("Create a configuration only network", { hidden: true }),
    driver: text("Driver to manage the network", { short: "d", shownDefault: "bridge" }),
    gateway: listOf("IPv4 or IPv6 gateway for the subnet", parseIpAddress),
    ingress: bool("Create swarm routing-mesh network", { hidden: true }),
    "ipam-driver": text("IP Address Management Driver", { shownDefault: "default" }),
    "ipam-opt": listOf("Set IPAM driver specific options (name=value)", parseLabel, { valueName: "map" }),
    internal: bool("Restrict external access to the network"),
    "ip-range": list("Allocate container IPs from a sub-range"),
    ipv4: bool("Enable IPv4 address assignment", { initial: true }),
    ipv6: bool("Enable IPv6 address assignment"),
    label: listOf("Set metadata on a network", parseLabel),
    opt: listOf("Set driver specific options (name=value)", parseLabel, { short: "o", valueName: "map" }),
    scope: text("Control the network's scope (local)"),
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
      IPAM: {
        Driver: flags["ipam-driver"],
        Config: addressPools(flags),
        Options: flags["ipam-opt"].length > 0 ? toRecord(flags["ipam-opt"]) : undefined,
      },
      // The daemon refuses these three by name: only Swarm uses networks without a bridge of their own.
      ConfigOnly: flags["config-only"] || undefined,
      ConfigFrom: flags["config-from"] === undefined ? undefined : { Network: flags["config-from"] },
      Ingress: flags.ingress || undefined,
      Scope: flags.scope,
      Options: toRecord(flags.opt),
      Labels: toRecord(flags.label),
    };
    const { Id } = await fetchJson("POST /networks/create", { json });
    await print(`${Id}\n`);
    return 0;
  },
});
