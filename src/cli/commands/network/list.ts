import type { NetworkInspect } from "#api/answers/networks.ts";
import { fetchJson } from "#client/endpoints.ts";
import { filterFlag, filtersQuery } from "../../arguments/filters.ts";
import { bool } from "../../flags/kinds.ts";
import { createRows } from "../../format/cached-rows.ts";
import { listFormatFlag } from "../../format/format-flags.ts";
import { joinLabels } from "../../format/labels.ts";
import { type Listing, renderListing } from "../../format/listing.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

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

const networkRows = createRows<NetworkInspect, { truncate: boolean }>({
  make: (network, { truncate }) => [
    {
      ID: network.Id.slice(0, truncate ? 12 : 64),
      Name: network.Name,
      Driver: network.Driver,
      Scope: network.Scope,
      IPv4: String(network.EnableIPv4),
      IPv6: String(network.EnableIPv6),
      Internal: String(network.Internal),
      Labels: joinLabels(network.Labels),
      CreatedAt: network.Created,
    },
  ],
  since: () => undefined,
});

export const listNetworksCommand = command({
  name: "network ls",
  aliases: ["network list"],
  summary: "List networks",
  synopsis: "[OPTIONS]",
  flags: {
    filter: filterFlag('Provide filter values (e.g. "driver=bridge")'),
    format: listFormatFlag,
    "no-trunc": bool("Do not truncate the output"),
    quiet: bool("Only display network IDs", { short: "q" }),
  },
  arguments: exactly(0),
  remote: true,
  async run({ flags }) {
    const query = { filters: filtersQuery(flags.filter) };
    const networks = await fetchJson("GET /networks", { query });
    const rows = networkRows(networks, { truncate: !flags["no-trunc"] });
    await print(renderListing(listing, rows, flags));
    return 0;
  },
});
