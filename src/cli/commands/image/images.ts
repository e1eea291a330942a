import { fetchJson } from "#client/endpoints.ts";
import { filterFlag, filtersQuery } from "../../arguments/filters.ts";
import { bool } from "../../flags/kinds.ts";
import { listFormatFlag } from "../../format/format-flags.ts";
import { imageListing, rowsOfImages } from "../../format/image-row.ts";
import { renderListing } from "../../format/listing.ts";
import { ExitError } from "../../output/exit.ts";
import { print } from "../../output/output.ts";
import { between, command } from "../../registry/command.ts";
import { fetchImage } from "./inspect.ts";

export const imagesCommand = command({
  name: "images",
  aliases: ["image ls", "image list"],
  summary: "List images",
  rank: 6,
  synopsis: "[OPTIONS] [REPOSITORY[:TAG]]",
  flags: {
    all: bool("Show all images (default hides intermediate images)", { short: "a" }),
    digests: bool("Show digests"),
    filter: filterFlag("Filter output based on conditions provided"),
    format: listFormatFlag,
    "no-trunc": bool("Don't truncate output"),
    quiet: bool("Only show image IDs", { short: "q" }),
    tree: bool("List multi-platform images as a tree"),
  },
  arguments: between(0, 1),
  examples: [
    { line: "tbox images --digests", purpose: "List images with their digests" },
    { line: "tbox images --filter dangling=true -q", purpose: "Print the IDs of images without a tag" },
  ],
  remote: true,
  async run({ flags, positionals }) {
    const [reference] = positionals;
    const filters = [...flags.filter];
    if (reference !== undefined) filters.push(["reference", reference]);
    const query = { all: flags.all ? "1" : undefined, filters: filtersQuery(filters) };
    const images = await fetchJson("GET /images/json", { query });
    if (flags.tree) {
      refuseWithTree(flags);
      const { imageTree } = await import("../../format/image-tree.ts");
      await print(await imageTree(images, (name) => fetchImage(name)));
      return 0;
    }
    const rows = rowsOfImages(images, { truncate: !flags["no-trunc"], digests: flags.digests });
    await print(renderListing(imageListing(flags.digests), rows, flags));
    return 0;
  },
});

/** Throws with Docker's message for options that `--tree` does not support. */
function refuseWithTree(flags: {
  quiet: boolean;
  "no-trunc": boolean;
  digests: boolean;
  format?: string | undefined;
}) {
  const refused = [
    [flags.quiet, "--quiet"],
    [flags["no-trunc"], "--no-trunc"],
    [flags.digests, "--digests"],
    [flags.format, "--format"],
  ].find(([given]) => given);
  if (refused !== undefined) throw new ExitError(`${refused[1]} is not yet supported with --tree`, 1);
}
