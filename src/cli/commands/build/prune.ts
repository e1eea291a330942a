import { parseBytes } from "#support/bytes.ts";
import { bool, parsed } from "../../flags/kinds.ts";
import { command, exactly } from "../../registry/command.ts";
import { confirm } from "../../terminal/confirm.ts";
import { pruneFlags } from "../prune/prune-flags.ts";
import { printReclaimed, pruneBuildCache } from "../prune/prune-objects.ts";

const bytes = { valueName: "bytes" };

export const pruneBuilderCommand = command({
  name: "builder prune",
  summary: "Remove build cache",
  synopsis: "[OPTIONS]",
  flags: {
    ...pruneFlags,
    all: bool("Remove all build cache, not just cache that no image uses", { short: "a" }),
    "keep-storage": parsed("Amount of disk space to keep for cache", parseBytes, bytes),
    "reserved-space": parsed("Amount of disk space always allowed to keep for cache", parseBytes, bytes),
    "max-used-space": parsed("Maximum amount of disk space allowed to keep for cache", parseBytes, bytes),
    "min-free-space": parsed("Target amount of free disk space after pruning", parseBytes, bytes),
  },
  arguments: exactly(0),
  examples: [
    { line: "tbox builder prune --all --force", purpose: "Remove the whole build cache without a question" },
    { line: "tbox builder prune --max-used-space 5g", purpose: "Keep at most 5 GB of build cache" },
  ],
  remote: true,
  async run({ flags: { all, filter, force, ...limits } }) {
    const cache = all ? "all build cache" : "all build cache that no image uses";
    if (!(await confirm(`This will remove ${cache}.`, force))) return 0;
    await printReclaimed(await pruneBuildCache(filter, all, limitsQuery(limits)));
    return 0;
  },
});

function limitsQuery(limits: Record<string, number | undefined>): Record<string, string> {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}
