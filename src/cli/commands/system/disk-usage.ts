import type { DiskUsageAnswer, UsageSum } from "#api/answers/disk-usage.ts";
import { fetchJson } from "#client/endpoints.ts";
import { bool } from "../../flags/kinds.ts";
import { containerListing, containerRow } from "../../format/container-row.ts";
import { cacheListing, cacheRow, volumeListing, volumeRow } from "../../format/disk-usage-rows.ts";
import { listFormatFlag } from "../../format/format-flags.ts";
import { imageListing, imageRows } from "../../format/image-row.ts";
import { type Listing, renderListing } from "../../format/listing.ts";
import { decimalSize } from "../../format/size.ts";
import { ExitError } from "../../output/exit.ts";
import { print, printWarning } from "../../output/output.ts";
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
  remote: true,
  async run({ flags: { format, verbose } }) {
    if (verbose && format !== undefined) {
      throw new ExitError("the options --verbose and --format cannot be used together", 1);
    }
    const usage = await fetchJson("GET /system/df");
    for (const warning of usage.Warnings ?? [])
      printWarning(`${warning}: remove unused data with tbox system prune`);
    await print(verbose ? details(usage) : renderListing(listing, summary(usage), { format }));
    return 0;
  },
});

function summary(usage: DiskUsageAnswer): Record<string, string>[] {
  return [
    summaryRow("Images", usage.ImageUsage),
    summaryRow("Containers", usage.ContainerUsage),
    summaryRow("Local Volumes", usage.VolumeUsage),
    summaryRow("Build Cache", usage.BuildCacheUsage),
  ];
}

const noUsage: UsageSum = { TotalCount: 0, ActiveCount: 0, TotalSize: 0, Reclaimable: 0 };

function summaryRow(type: string, sum: UsageSum = noUsage): Record<string, string> {
  const { TotalSize: size, Reclaimable: reclaimable } = sum;
  const share = size > 0 ? ` (${Math.floor((reclaimable / size) * 100)}%)` : "";
  return {
    Type: type,
    TotalCount: String(sum.TotalCount),
    Active: String(sum.ActiveCount),
    Size: decimalSize(size),
    Reclaimable: `${decimalSize(reclaimable)}${share}`,
  };
}

/** Returns tables of all images, containers, volumes and build cache records. */
function details(usage: DiskUsageAnswer): string {
  const shown = { now: Date.now(), truncate: true, digests: false };
  const table = (title: string, base: Listing, columns: string[], rows: Record<string, unknown>[]) =>
    `${title}\n\n${renderListing({ ...base, columns }, rows, {})}`;
  const images = (usage.Images ?? []).flatMap((image) => imageRows(image, shown));
  const containers = (usage.Containers ?? []).map((container) => containerRow(container, shown));
  const volumes = (usage.Volumes ?? []).map(volumeRow);
  const caches = (usage.BuildCache ?? []).map((item) => cacheRow(item, shown.now));
  const built = decimalSize(usage.BuildCacheUsage?.TotalSize ?? 0);
  return [
    table("Images space usage:", imageListing(false), imageColumns, images),
    table("Containers space usage:", containerListing(true), containerColumns, containers),
    table("Local Volumes space usage:", volumeListing, volumeListing.columns, volumes),
    table(`Build cache usage: ${built}`, cacheListing, cacheListing.columns, caches),
  ].join("\n");
}

const imageColumns = "Repository Tag ID CreatedSince Size SharedSize UniqueSize Containers".split(" ");
const containerColumns = "ID Image Command LocalVolumes Size RunningFor Status Names".split(" ");
