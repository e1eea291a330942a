import { pathTo, request, requestJson } from "#client/api.ts";
import { asObject, asObjects, textAt } from "#client/json.ts";
import { filtersQuery, parseFilter } from "../../arguments/filters.ts";
import { forEachName } from "../../arguments/for-each-name.ts";
import { parseLabel, toRecord } from "../../container-flags/entries.ts";
import { bool, listOf, text } from "../../flags/kinds.ts";
import { compileFormat, type Listing, renderListing } from "../../format/listing.ts";
import { print } from "../../output/output.ts";
import { atLeast, command, exactly } from "../../registry/command.ts";
import { confirmed, printReclaimed, pruneVolumes } from "../system/prune-kind.ts";

export const createVolumeCommand = command({
  synopsis: "[OPTIONS] [VOLUME]",
  description: "Create a volume",
  flags: {
    driver: text("Specify volume driver name", { short: "d", shownDefault: "local" }),
    label: listOf("Set metadata for a volume", parseLabel),
    name: text("Specify volume name", { hidden: true }),
    opt: listOf("Set driver specific options (type=none o=bind device=PATH)", parseLabel, { short: "o" }),
  },
  arguments: { minimum: 0, maximum: 1 },
  async run({ flags, positionals: [name = flags.name] }) {
    const labels = toRecord(flags.label);
    const json = { Name: name, Driver: flags.driver, Labels: labels, DriverOpts: toRecord(flags.opt) };
    await print(`${textAt(asObject(await requestJson("POST", "/volumes/create", { json })), "Name")}\n`);
    return 0;
  },
});

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
  synopsis: "[OPTIONS]",
  description: "List volumes",
  flags: {
    filter: listOf('Provide filter values (e.g. "dangling=true")', parseFilter, {
      short: "f",
      valueName: "filter",
    }),
    format: text("Format output using a template: 'table', 'table TEMPLATE', 'json' or 'TEMPLATE'"),
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

export const inspectVolumeCommand = command({
  synopsis: "[OPTIONS] VOLUME [VOLUME...]",
  description: "Show all that is known of volumes",
  flags: { format: text("Format output using a template", { short: "f" }) },
  arguments: atLeast(1),
  async run({ flags, positionals }) {
    const found: unknown[] = [];
    const code = await forEachName(positionals, async (name) => {
      found.push(await requestJson("GET", pathTo("volumes", name)));
      return "";
    });
    if (flags.format === undefined) await print(`${JSON.stringify(found, undefined, 4)}\n`);
    else for (const volume of found) await print(`${compileFormat(flags.format)(volume)}\n`);
    return code;
  },
});

export const removeVolumeCommand = command({
  synopsis: "[OPTIONS] VOLUME [VOLUME...]",
  description: "Remove one or more volumes",
  flags: { force: bool("Do not fail for volumes that are not there", { short: "f" }) },
  arguments: atLeast(1),
  run: ({ flags, positionals }) =>
    forEachName(positionals, async (name) => {
      await request("DELETE", pathTo("volumes", name), { query: { force: flags.force ? "1" : undefined } });
      return `${name}\n`;
    }),
});

export const pruneVolumesCommand = command({
  synopsis: "[OPTIONS]",
  description: "Remove volumes that no container uses",
  flags: {
    all: bool("Remove all unused volumes, not just anonymous ones", { short: "a" }),
    filter: listOf('Provide filter values (e.g. "label=<label>")', parseFilter, { valueName: "filter" }),
    force: bool("Do not prompt for confirmation", { short: "f" }),
  },
  arguments: exactly(0),
  async run({ flags: { all, filter, force } }) {
    const which = all ? "all local volumes" : "anonymous local volumes";
    if (!(await confirmed(`This will remove ${which} not used by at least one container.`, force))) return 0;
    const filters: [string, string][] = all ? [...filter, ["all", "true"]] : filter;
    await printReclaimed(await pruneVolumes(filters));
    return 0;
  },
});
