import { pathTo, request, requestJson } from "#client/api.ts";
import { asObject, asObjects, textAt } from "#client/json.ts";
import { errorCode } from "#support/errors.ts";
import { filtersQuery, parseFilter } from "../../arguments/filters.ts";
import { forEachName } from "../../arguments/for-each-name.ts";
import { parseLabel, toRecord } from "../../container-flags/entries.ts";
import { parseIpAddress } from "../../container-flags/hosts.ts";
import { networking } from "../../container-flags/network.ts";
import { bool, integer, list, listOf, parsed, text } from "../../flags/kinds.ts";
import { compileFormat, type Listing, renderListing } from "../../format/listing.ts";
import { print } from "../../output/output.ts";
import { atLeast, command, exactly } from "../../registry/command.ts";
import { networkPools } from "./network-pools.ts";

export const createNetworkCommand = command({
  synopsis: "[OPTIONS] NETWORK",
  description: "Create a network",
  flags: {
    attachable: bool("Enable manual container attachment"),
    "aux-address": listOf("Addresses that no container gets (name=address)", parseLabel, {
      valueName: "map",
    }),
    driver: text("Driver to manage the network", { short: "d", shownDefault: "bridge" }),
    gateway: listOf("IPv4 or IPv6 gateway of a subnet", parseIpAddress),
    internal: bool("Reach nothing but the containers of the network"),
    "ip-range": list("Take the addresses of containers from a part of a subnet"),
    ipv4: bool("Enable IPv4", { initial: true }),
    ipv6: bool("Enable IPv6"),
    label: listOf("Set metadata on a network", parseLabel),
    opt: listOf("Set driver specific options (name=value)", parseLabel, { short: "o", valueName: "map" }),
    subnet: list("Subnet in CIDR format that represents a network segment"),
  },
  arguments: exactly(1),
  async run({ flags, given, positionals: [name] }) {
    const json = {
      Name: name,
      Driver: flags.driver,
      Internal: flags.internal || undefined,
      Attachable: flags.attachable || undefined,
      EnableIPv4: given.has("ipv4") ? flags.ipv4 : undefined,
      EnableIPv6: given.has("ipv6") ? flags.ipv6 : undefined,
      IPAM: { Config: networkPools(flags) },
      Options: toRecord(flags.opt),
      Labels: toRecord(flags.label),
    };
    await print(`${textAt(asObject(await requestJson("POST", "/networks/create", { json })), "Id")}\n`);
    return 0;
  },
});

export const removeNetworkCommand = command({
  synopsis: "[OPTIONS] NETWORK [NETWORK...]",
  description: "Remove one or more networks",
  flags: { force: bool("Do not fail for networks that are not there", { short: "f" }) },
  arguments: atLeast(1),
  run: ({ flags, positionals }) =>
    forEachName(positionals, async (name) => {
      try {
        await request("DELETE", pathTo("networks", name));
      } catch (error) {
        if (flags.force && errorCode(error) === "not-found") return "";
        throw error;
      }
      return `${name}\n`;
    }),
});

export const connectNetworkCommand = command({
  synopsis: "[OPTIONS] NETWORK CONTAINER",
  description: "Connect a container to a network",
  flags: {
    alias: list("Add network-scoped alias for the container"),
    "driver-opt": listOf("Driver options for the network (name=value)", parseLabel),
    "gw-priority": integer("Of the networks of a container the one with the greatest has its default route"),
    ip: parsed("IPv4 address (e.g., 172.30.100.104)", parseIpAddress),
    ip6: parsed("IPv6 address (e.g., 2001:db8::33)", parseIpAddress),
    link: list("Find another container on the network by a name of one's own (name:alias)"),
    "link-local-ip": listOf("Link-local addresses of the container", parseIpAddress),
  },
  arguments: exactly(2),
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

export const disconnectNetworkCommand = command({
  synopsis: "[OPTIONS] NETWORK CONTAINER",
  description: "Disconnect a container from a network",
  flags: { force: bool("Force the container to disconnect from a network", { short: "f" }) },
  arguments: exactly(2),
  async run({ flags: { force }, positionals: [network = "", container] }) {
    const json = { Container: container, Force: force };
    await request("POST", pathTo("networks", network, "/disconnect"), { json });
    return 0;
  },
});

const listing: Listing = {
  headings: {
    ID: "NETWORK ID",
    Name: "NAME",
    Driver: "DRIVER",
    Scope: "SCOPE",
    IPv4: "IPV4",
    IPv6: "IPV6",
    Internal: "INTERNAL",
    Labels: "LABELS",
    CreatedAt: "CREATED AT",
  },
  columns: ["ID", "Name", "Driver", "Scope"],
  quiet: "ID",
};

export const listNetworksCommand = command({
  synopsis: "[OPTIONS]",
  description: "List networks",
  flags: {
    filter: listOf('Provide filter values (e.g. "driver=bridge")', parseFilter, {
      short: "f",
      valueName: "filter",
    }),
    format: text("Format output using a template: 'table', 'table TEMPLATE', 'json' or 'TEMPLATE'"),
    "no-trunc": bool("Do not truncate the output"),
    quiet: bool("Only display network IDs", { short: "q" }),
  },
  arguments: exactly(0),
  async run({ flags }) {
    const query = { filters: filtersQuery(flags.filter) };
    const networks = asObjects(await requestJson("GET", "/networks", { query }));
    const rows = networks.map((network) => ({
      ID: textAt(network, "Id").slice(0, flags["no-trunc"] ? 64 : 12),
      Name: textAt(network, "Name"),
      Driver: textAt(network, "Driver"),
      Scope: textAt(network, "Scope"),
      IPv4: String(network.EnableIPv4 === true),
      IPv6: String(network.EnableIPv6 === true),
      Internal: String(network.Internal === true),
      Labels: Object.entries(asObject(network.Labels ?? {}))
        .map(([name, value]) => `${name}=${value}`)
        .join(","),
      CreatedAt: textAt(network, "Created"),
    }));
    await print(renderListing(listing, rows, flags));
    return 0;
  },
});

export const inspectNetworkCommand = command({
  synopsis: "[OPTIONS] NETWORK [NETWORK...]",
  description: "Show all that is known of networks",
  flags: {
    format: text("Format output using a template", { short: "f" }),
    verbose: bool("Verbose output for diagnostics", { short: "v" }),
  },
  arguments: atLeast(1),
  async run({ flags, positionals }) {
    const found: unknown[] = [];
    const code = await forEachName(positionals, async (name) => {
      found.push(await requestJson("GET", pathTo("networks", name)));
      return "";
    });
    if (flags.format === undefined) await print(`${JSON.stringify(found, undefined, 4)}\n`);
    else for (const network of found) await print(`${compileFormat(flags.format)(network)}\n`);
    return code;
  },
});
