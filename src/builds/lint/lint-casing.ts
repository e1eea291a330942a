import type { Instruction } from "../dockerfile/instruction.ts";
import { type Finding, finding } from "./finding.ts";

/** Reports keywords that are not in the case of the majority. */
export function lintCasing(instructions: Instruction[]): Finding[] {
  const words = instructions.map((one) => ({ keyword: keywordOf(one), lines: one.lines }));
  const upper = words.filter(({ keyword }) => keyword === keyword.toUpperCase()).length;
  const lower = words.filter(({ keyword }) => keyword === keyword.toLowerCase()).length;
  const kind = lower > upper ? "lowercase" : "uppercase";
  const written = (keyword: string) => (kind === "lowercase" ? keyword.toLowerCase() : keyword.toUpperCase());
  return words
    .filter(({ keyword }) => keyword !== written(keyword))
    .map(({ keyword, lines }) =>
      finding(
        "ConsistentInstructionCasing",
        `Command '${keyword}' should match the case of the command majority (${kind})`,
        lines,
      ),
    );
}

/** Returns the keyword of an instruction as it is written. */
export function keywordOf({ source }: { source: string }): string {
  return source.trim().split(/\s/, 1)[0] ?? "";
}
