import type { VolumeInspect } from "#api/answers/volumes.ts";
import { fetchJson } from "#client/endpoints.ts";
import { filterFlag, filtersQuery } from "../../arguments/filters.ts";
import { bool, unsupportedBool } from "../../flags/kinds.ts";
import { createRows } from "../../format/cached-rows.ts";
import { listFormatFlag } from "../../format/format-flags.ts";
import { joinLabels } from "../../format/labels.ts";
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

const volumeRows = createRows<VolumeInspect, Record<never, boolean>>({
  make: (volume) => [
    {
      Name: volume.Name,
      Driver: volume.Driver,
      Scope: volume.Scope,
      Mountpoint: volume.Mountpoint,
      Labels: joinLabels(volume.Labels),
    },
  ],
  since: () => undefined,
});

export const listVolumesCommand = command({
  name: "volume ls",
  aliases: ["volume list"],
  summary: "List volumes",
  synopsis: "[OPTIONS]",
  flags: {
    cluster: unsupportedBool("", { reason: "only a Swarm has cluster volumes" }),
    filter: filterFlag('Provide filter values (e.g. "dangling=true")'),
    format: listFormatFlag,
    quiet: bool("Only display volume names", { short: "q" }),
  },
  arguments: exactly(0),
  remote: true,
  async run({ flags }) {
    const query = { filters: filtersQuery(flags.filter) };
    const { Volumes } = await fetchJson("GET /volumes", { query });
    await print(renderListing(listing, volumeRows(Volumes, {}), flags));
    return 0;
  },
});
