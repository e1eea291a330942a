import { machineLines, tablesOf } from "#bench/report/table.ts";
import type { BenchResult } from "#bench/result.ts";
import { alignColumns } from "../../format/table.ts";

/** Returns a result as text: the machine, a table for each group, and the candidates that were not measured. */
export function renderResult(result: BenchResult): string {
  const tables = tablesOf(result).map(({ title, rows }) => `${title}\n${alignColumns(rows)}`);
  const skipped = result.skipped.map(({ name, reason }) => `not measured: ${name}: ${reason}\n`);
  return `${machineLines(result.machine).join("\n")}\n\n${[...tables, ...skipped].join("\n")}`;
}
