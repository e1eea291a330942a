import { requestJson } from "#client/api.ts";
import { asObject, asObjects, type JsonObject, numberAt, objectAt } from "#client/json.ts";
import { bool } from "../../flags/kinds.ts";
import { containerListing, containerRow } from "../../format/container-row.ts";
import { cacheListing, cacheRow, volumeListing, volumeRow } from "../../format/disk-usage-rows.ts";
import { listFormatFlag } from "../../format/format-flags.ts";
import { imageListing, imageRows } from "../../format/image-row.ts";
import { type Listing, renderListing } from "../../format/listing.ts";
import { decimalSize } from "../../format/size.ts";
import { ExitError } from "../../output/exit.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

const listing: Listing = {
  headings: {
    Type: "TYPE",
    TotalCount: "TOTAL",
    Active: "ACTIVE",
    Size: "SIZE",
    Reclaimable: "RECLAIMABLE",
  },
  columns: ["Type", "TotalCount", "Active", "Size", "Reclaimable"],
  quiet: "Type",
};

export const systemDfCommand = command({
  name: "system df",
  summary: "Show disk usage",
  synopsis: "[OPTIONS]",
  flags: {
    format: listFormatFlag,
    verbose: bool("Show detailed information on space usage", { short: "v" }),
  },
  arguments: exactly(0),
  async run({ flags: { format, verbose } }) {
    if (verbose && format !== undefined) {
      throw new ExitError("the options --verbose and --format cannot be used together", 1);
    }
    const usage = asObject(await requestJson("GET", "/system/df"));
    await print(verbose ? details(usage) : renderListing(listing, summary(usage), { format }));
    return 0;
  },
});

function summary(usage: JsonObject): JsonObject[] {
  return [
    row("Images", objectAt(usage, "ImageUsage")),
    row("Containers", objectAt(usage, "ContainerUsage")),
    row("Local Volumes", objectAt(usage, "VolumeUsage")),
    row("Build Cache", objectAt(usage, "BuildCacheUsage")),
  ];
}

function row(type: string, sums: JsonObject): JsonObject {
  const [size, reclaimable] = [numberAt(sums, "TotalSize"), numberAt(sums, "Reclaimable")];
  const share = size > 0 ? ` (${Math.floor((reclaimable / size) * 100)}%)` : "";
  return {
    Type: type,
    TotalCount: String(numberAt(sums, "TotalCount")),
    Active: String(numberAt(sums, "ActiveCount")),
    Size: decimalSize(size),
    Reclaimable: `${decimalSize(reclaimable)}${share}`,
  };
}

/** Every image, container, volume and thing that builds keep. */
function details(usage: JsonObject): string {
  const shown = { now: Date.now(), truncate: true, digests: false };
  const table = (title: string, of: Listing, columns: string[], rows: Record<string, unknown>[]) =>
    `${title}\n\n${renderListing({ ...of, columns }, rows, {})}`;
  const images = asObjects(usage.Images).flatMap((image) => imageRows(image, shown));
  const containers = asObjects(usage.Containers).map((container) => containerRow(container, shown));
  const volumes = asObjects(usage.Volumes).map(volumeRow);
  const caches = asObjects(usage.BuildCache).map((item) => cacheRow(item, shown.now));
  const built = decimalSize(numberAt(objectAt(usage, "BuildCacheUsage"), "TotalSize"));
  return [
    table("Images space usage:", imageListing(false), imageColumns, images),
    table("Containers space usage:", containerListing(true), containerColumns, containers),
    table("Local Volumes space usage:", volumeListing, volumeListing.columns, volumes),
    table(`Build cache usage: ${built}`, cacheListing, cacheListing.columns, caches),
  ].join("\n");
}

const imageColumns = "Repository Tag ID CreatedSince Size SharedSize UniqueSize Containers".split(" ");
const containerColumns = "ID Image Command LocalVolumes Size RunningFor Status Names".split(" ");
