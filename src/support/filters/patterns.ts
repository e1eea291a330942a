import { invalidArgument } from "../errors.ts";
import { compilePatterns } from "../patterns/pattern.ts";

/**
 * Returns the test of a filter whose values are regular expressions, as `name` and `id` are in Docker: at least one must match a
 * part of the text. The time of a test is bounded.
 */
export function patternFilter(key: string, values: readonly string[]): (text: string) => boolean {
  try {
    return compilePatterns(values);
  } catch (cause) {
    throw invalidArgument(`invalid filter '${key}'`, cause);
  }
}
