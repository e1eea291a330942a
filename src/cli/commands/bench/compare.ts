import { compareResults } from "#bench/compare.ts";
import { alignColumns } from "../../format/table.ts";
import { print, printWarning } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";
import { readResult } from "./read-result.ts";

export const benchCompareCommand = command({
  name: "bench compare",
  summary: "Show what changed between two results of a benchmark beyond noise",
  description:
    "BEFORE and AFTER are files with the output of --json. Exits with 1 if anything became slower, so that a script notices.",
  synopsis: "BEFORE AFTER",
  flags: {},
  arguments: exactly(2),
  examples: [{ line: "tbox bench compare before.json after.json", purpose: "Compare two runs" }],
  async run({ positionals: [first = "", second = ""] }) {
    const [before, after] = [await readResult(first), await readResult(second)];
    for (const name of ["processor", "kernel", "storage"] as const) {
      const [old, now] = [before.machine[name], after.machine[name]];
      if (old !== now) printWarning(`the results come from different machines: ${name} is ${old} and ${now}`);
    }
    const all = compareResults(before, after);
    const heading = ["GROUP", "NAME", "BEFORE", "AFTER", "RATIO", "VERDICT"];
    const rows = all.map(({ group, name, before: old, after: now, ratio, verdict }) => [
      group,
      name,
      old.toFixed(2),
      now.toFixed(2),
      ratio.toFixed(2),
      verdict,
    ]);
    await print(alignColumns([heading, ...rows]));
    return all.some(({ verdict }) => verdict === "slower") ? 1 : 0;
  },
});
