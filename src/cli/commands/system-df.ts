import { requestJson } from "#client/api.ts";
import { asObject, asObjects, type JsonObject, numberAt, objectAt, textAt } from "#client/json.ts";
import { command, exactly } from "../command.ts";
import { text, unsupportedBool } from "../flags/kinds.ts";
import { type Listing, renderListing } from "../format/listing.ts";
import { decimalSize } from "../format/size.ts";
import { print } from "../output.ts";

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
  synopsis: "[OPTIONS]",
  description: "Show what takes up the disk",
  flags: {
    format: text("Format output using a template: 'table', 'table TEMPLATE', 'json' or 'TEMPLATE'"),
    verbose: unsupportedBool("Show detailed information on space usage", { short: "v" }),
  },
  arguments: exactly(0),
  async run({ flags }) {
    const usage = asObject(await requestJson("GET", "/system/df"));
    const rows = [
      imagesRow(usage),
      containersRow(asObjects(usage.Containers)),
      volumesRow(asObjects(usage.Volumes)),
      buildsRow(asObjects(usage.BuildCache)),
    ];
    await print(renderListing(listing, rows, flags));
    return 0;
  },
});

function imagesRow(usage: JsonObject): JsonObject {
  const images = asObjects(usage.Images);
  const used = images.filter((image) => numberAt(image, "Containers") > 0);
  const whole = numberAt(usage, "LayersSize");
  const inUse = used.reduce((sum, image) => sum + numberAt(image, "Size") - numberAt(image, "SharedSize"), 0);
  return row("Images", images.length, used.length, whole, Math.max(0, whole - inUse));
}

function containersRow(containers: JsonObject[]): JsonObject {
  const size = (list: JsonObject[]) =>
    list.reduce((sum, container) => sum + numberAt(container, "SizeRw"), 0);
  const idle = containers.filter((container) => textAt(container, "State") !== "running");
  return row("Containers", containers.length, containers.length - idle.length, size(containers), size(idle));
}

function volumesRow(volumes: JsonObject[]): JsonObject {
  const usage = volumes.map((volume) => objectAt(volume, "UsageData"));
  const idle = usage.filter((one) => numberAt(one, "RefCount") === 0);
  return row("Local Volumes", usage.length, usage.length - idle.length, sizesOf(usage), sizesOf(idle));
}

function buildsRow(builds: JsonObject[]): JsonObject {
  const idle = builds.filter((one) => one.InUse !== true);
  return row("Build Cache", builds.length, builds.length - idle.length, sizesOf(builds), sizesOf(idle));
}

function sizesOf(list: JsonObject[]): number {
  return list.reduce((sum, one) => sum + numberAt(one, "Size"), 0);
}

function row(type: string, total: number, active: number, size: number, reclaimable: number): JsonObject {
  const share = size > 0 ? ` (${Math.floor((reclaimable / size) * 100)}%)` : "";
  return {
    Type: type,
    TotalCount: String(total),
    Active: String(active),
    Size: decimalSize(size),
    Reclaimable: `${decimalSize(reclaimable)}${share}`,
  };
}
