import { invalidArgument } from "../errors.ts";

/** Returns whether the filter `dangling` selects unused objects. Throws for values other than Docker's booleans. */
export function wantsDangling(values: string[]): boolean {
  const unknown = values.find((value) => !["true", "1", "false", "0"].includes(value));
  if (unknown !== undefined) throw invalidArgument(`invalid filter 'dangling=${unknown}'`);
  return values.some((value) => value === "true" || value === "1");
}
