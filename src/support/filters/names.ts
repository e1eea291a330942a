import { invalidArgument } from "../errors.ts";
import { compilePatterns } from "../patterns/pattern.ts";

/**
 * Returns the test of Docker's filter `name`: at least one of the regular expressions must match a part of the name.
 * The time of a test is bounded.
 */
export function nameFilter(values: readonly string[]): (name: string) => boolean {
  try {
    return compilePatterns(values);
  } catch (cause) {
    throw invalidArgument("invalid filter 'name'", cause);
  }
}
