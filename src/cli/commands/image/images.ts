import { requestJson } from "#client/api.ts";
import { asObjects } from "#client/json.ts";
import { filtersQuery, parseFilter } from "../../arguments/filters.ts";
import { bool, listOf, text, unsupportedBool } from "../../flags/kinds.ts";
import { imageListing, imageRows } from "../../format/image-row.ts";
import { renderListing } from "../../format/listing.ts";
import { print } from "../../output/output.ts";
import { atMost, command } from "../../registry/command.ts";

export const imagesCommand = command({
  synopsis: "[OPTIONS] [REPOSITORY[:TAG]]",
  description: "List images",
  flags: {
    all: bool("Show all images (default hides intermediate images)", { short: "a" }),
    digests: bool("Show digests"),
    filter: listOf("Filter output based on conditions provided", parseFilter, {
      short: "f",
      valueName: "filter",
    }),
    format: text("Format output using a template: 'table', 'table TEMPLATE', 'json' or 'TEMPLATE'"),
    "no-trunc": bool("Don't truncate output"),
    quiet: bool("Only show image IDs", { short: "q" }),
    tree: unsupportedBool("List images as a tree"),
  },
  arguments: atMost(1),
  async run({ flags, positionals }) {
    const [reference] = positionals;
    const filters = [...flags.filter];
    if (reference !== undefined) filters.push(["reference", reference]);
    const query = { all: flags.all ? "1" : undefined, filters: filtersQuery(filters) };
    const images = asObjects(await requestJson("GET", "/images/json", { query }));
    const options = { now: Date.now(), truncate: !flags["no-trunc"], digests: flags.digests };
    const rows = images.flatMap((image) => imageRows(image, options));
    await print(renderListing(imageListing(flags.digests), rows, flags));
    return 0;
  },
});
