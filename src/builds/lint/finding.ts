import type { LineRange } from "../dockerfile/statement.ts";
import type { Rule } from "./settings.ts";

/** A valid but discouraged use of the Dockerfile language. */
export interface Finding {
  rule: Rule;
  text: string;
  lines: LineRange;
}

export function finding(rule: Rule, text: string, lines: LineRange): Finding {
  return { rule, text, lines };
}
