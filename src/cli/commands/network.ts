import { pathTo, requestJson } from "#client/api.ts";
import { asObject, asObjects, textAt } from "#client/json.ts";
import { atLeast, command, exactly } from "../command.ts";
import { filtersQuery, parseFilter } from "../filters.ts";
import { bool, listOf, text } from "../flags/kinds.ts";
import { forEachName } from "../for-each-name.ts";
import { compileFormat, type Listing, renderListing } from "../format/listing.ts";
import { print } from "../output.ts";

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
