import { requestJson } from "#client/api.ts";
import { asObject, asObjects, textAt } from "#client/json.ts";
import { filterFlag, filtersQuery } from "../../arguments/filters.ts";
import { bool } from "../../flags/kinds.ts";
import { listFormatFlag } from "../../format/format-flags.ts";
import { type Listing, renderListing } from "../../format/listing.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

const listing: Listing = {
  headings: {
    Name: "VOLUME NAME",
    Driver: "DRIVER",
    Scope: "SCOPE",
    Mountpoint: "MOUNTPOINT",
    Labels: "LABELS",
  },
  columns: ["Driver", "Name"],
  quiet: "Name",
};

export const listVolumesCommand = command({
  name: "volume ls",
  aliases: ["volume list"],
  summary: "List volumes",
  synopsis: "[OPTIONS]",
  flags: {
    filter: filterFlag('Provide filter values (e.g. "dangling=true")'),
    format: listFormatFlag,
    quiet: bool("Only display volume names", { short: "q" }),
  },
  arguments: exactly(0),
  async run({ flags }) {
    const query = { filters: filtersQuery(flags.filter) };
    const volumes = asObjects(asObject(await requestJson("GET", "/volumes", { query })).Volumes);
    const rows = volumes.map((volume) => ({
      Name: textAt(volume, "Name"),
      Driver: textAt(volume, "Driver"),
      Scope: textAt(volume, "Scope"),
      Mountpoint: textAt(volume, "Mountpoint"),
      Labels: Object.entries(asObject(volume.Labels ?? {}))
        .map(([name, value]) => `${name}=${value}`)
        .join(","),
    }));
    await print(renderListing(listing, rows, flags));
    return 0;
  },
});
