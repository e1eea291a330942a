import { writeFile } from "node:fs/promises";
import type { BenchmarkOptions } from "#bench/benchmark.ts";
import { splitInstalled } from "#bench/installed-peers.ts";
import type { BenchResult } from "#bench/result.ts";
import { invalidArgument } from "#support/errors.ts";
import type { Flag, FlagOptions } from "../../flags/flag.ts";
import { bool, parseInteger, text } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { print, printError } from "../../output/output.ts";
import { renderResult } from "./render-result.ts";

/** Flags of all benchmarks. */
export const outputFlags = {
  json: bool("Print the result with all samples as JSON"),
  html: text("Write a page with plots to a file", { valueName: "file", completes: "file" }),
};

/** Runs a benchmark until its end or Ctrl-C, and prints its result. Returns the exit status. */
export async function runAndPrint(
  { rounds, json, html }: { rounds: number; json: boolean; html: string | undefined },
  benchmark: (options: BenchmarkOptions) => Promise<BenchResult>,
): Promise<number> {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  process.once("SIGTERM", () => interrupted.abort());
  try {
    const progress = (title: string) => printError(`measuring: ${title}`, "bare");
    const result = await benchmark({ rounds, progress, signal: interrupted.signal });
    if (html !== undefined) {
      const { pageOf } = await import("#bench/report/page.ts");
      await writeFile(html, pageOf(result));
    }
    await print(json ? `${JSON.stringify(result)}\n` : renderResult(result));
    return 0;
  } catch (error) {
    throw interrupted.signal.aborted ? new ExitError("interrupted", 130, { cause: error }) : error;
  }
}

/** Returns a flag with a number of at least 1. */
export function count(usage: string, initial: number, options: FlagOptions = {}): Flag<number> {
  const shown = { valueName: "int", shownDefault: String(initial), ...options };
  return { usage, initial, accept: positive, ...shown };
}

/** Returns the flag `--peers`: names separated by commas, `auto` for all that are installed, or `none`. */
export function peersFlag(known: readonly string[]): Flag<string[]> {
  const parse = peersOf(known);
  return {
    usage: "Peers to measure, separated by commas",
    valueName: "string",
    initial: parse("auto"),
    accept: parse,
    shownDefault: "auto",
  };
}

function positive(value: string): number {
  const number = parseInteger(value);
  if (number > 0) return number;
  throw invalidArgument("must be at least 1");
}

function peersOf(known: readonly string[]) {
  return (value: string): string[] => {
    if (value === "auto") return splitInstalled(known).installed;
    if (value === "none" || value === "") return [];
    const names = value.split(",");
    const unknown = names.find((name) => !known.includes(name));
    if (unknown === undefined) return names;
    throw invalidArgument(`unknown peer "${unknown}": use auto, none, or some of ${known.join(", ")}`);
  };
}
