import type { ImageSearchResult } from "#api/answers/images.ts";
import { registryAuth } from "#client/credentials/credentials.ts";
import { fetchJson } from "#client/endpoints.ts";
import { filterFlag, filtersQuery } from "../../arguments/filters.ts";
import { bool, integer } from "../../flags/kinds.ts";
import { listFormatFlag } from "../../format/format-flags.ts";
import { type Listing, renderListing } from "../../format/listing.ts";
import { print, printWarning } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

const listing: Listing = {
  headings: {
    Name: "NAME",
    Description: "DESCRIPTION",
    StarCount: "STARS",
    IsOfficial: "OFFICIAL",
    IsAutomated: "AUTOMATED",
  },
  columns: ["Name", "Description", "StarCount", "IsOfficial"],
  quiet: "Name",
};

const longestDescription = 45;

export const searchCommand = command({
  name: "search",
  summary: "Search Docker Hub or another registry for images",
  description:
    "The term may begin with the address of a registry. A registry without a search is searched through the list of its " +
    "repositories, if it offers one.",
  synopsis: "[OPTIONS] TERM",
  flags: {
    filter: filterFlag("Filter output based on conditions provided"),
    format: listFormatFlag,
    limit: integer("Max number of search results"),
    "no-trunc": bool("Don't truncate output"),
  },
  arguments: exactly(1),
  examples: [
    { line: "tbox search --filter is-official=true debian", purpose: "Find the official image" },
    { line: "tbox search registry.example.org/team", purpose: "Find the repositories of a team" },
  ],
  async run({ flags, positionals: [term = ""] }) {
    const auth = await registryAuth(registryOf(term), printWarning);
    const found = await fetchJson("GET /images/search", {
      query: {
        term,
        limit: flags.limit === undefined ? undefined : String(flags.limit),
        filters: filtersQuery(flags.filter),
      },
      headers: auth === undefined ? {} : { "X-Registry-Auth": auth },
    });
    const rows = found.map((result) => row(result, !flags["no-trunc"]));
    await print(renderListing(listing, rows, { ...flags, quiet: false }));
    return 0;
  },
});

/** Returns the name of an image in the registry that a term names. */
function registryOf(term: string): string {
  const [first = "", ...rest] = term.split("/");
  return rest.length > 0 && (/[.:]/.test(first) || first === "localhost") ? `${first}/image` : "image";
}

function row(result: ImageSearchResult, truncate: boolean): Record<string, unknown> {
  const description = result.description.replaceAll(/[\r\n]/g, " ");
  const isLong = truncate && description.length > longestDescription;
  return {
    Name: result.name,
    Description: isLong ? `${description.slice(0, longestDescription - 1)}…` : description,
    StarCount: String(result.star_count),
    IsOfficial: result.is_official ? "[OK]" : "",
    IsAutomated: "",
  };
}
