import { readFile } from "node:fs/promises";
import { type BenchResult, benchResult } from "#bench/result.ts";
import { invalidArgument } from "#support/errors.ts";

/** Reads a file with the output of `--json`. */
export async function readResult(path: string): Promise<BenchResult> {
  try {
    return benchResult.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    throw invalidArgument(`read ${path}: not a result of tbox bench --json`, error);
  }
}
