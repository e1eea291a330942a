import { readFileSync } from "node:fs";

export type Verdict = "PASS" | "FAIL" | "SKIP";

/** Verdict on one test of a suite. */
export interface Result {
  name: string;
  verdict: Verdict;
}

/**
 * Prints the names of the failed tests and the totals. A baseline has lines `PASS name` of another engine; a failed test that
 * the other engine passes is marked with `!`.
 */
export function report(results: Result[], baseline?: string): void {
  const elsewhere = new Set(baseline === undefined ? [] : passesIn(baseline));
  const count = (verdict: Verdict) => results.filter((result) => result.verdict === verdict).length;
  const failed = results.filter(({ verdict }) => verdict === "FAIL").map(({ name }) => name);
  for (const name of failed.sort()) console.log(`${elsewhere.has(name) ? "!" : " "} ${name}`);
  const skipped = count("SKIP") > 0 ? `, ${count("SKIP")} skipped` : "";
  console.log(`${count("PASS")} passed, ${failed.length} failed${skipped}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

function passesIn(path: string): string[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.flatMap((line) => (line.startsWith("PASS ") ? [line.slice("PASS ".length).trim()] : []));
}
