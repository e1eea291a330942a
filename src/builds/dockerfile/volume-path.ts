import { invalidArgument } from "#support/errors.ts";

/** Returns the path of a VOLUME instruction without surrounding spaces. Throws invalid-argument for an empty path. */
export function volumePath(word: string): string {
  const path = word.trim();
  if (path === "") throw invalidArgument("VOLUME specified can not be an empty string");
  return path;
}
