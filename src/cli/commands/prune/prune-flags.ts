import { filterFlag } from "../../arguments/filters.ts";
import { bool } from "../../flags/kinds.ts";

/** Flags of every prune command. */
export const pruneFlags = {
  filter: filterFlag('Provide filter values (e.g. "until=<timestamp>")', {}),
  force: bool("Do not prompt for confirmation", { short: "f" }),
};
