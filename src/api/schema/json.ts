import { invalidArgument } from "#support/errors.ts";

/** Deeper nesting than any request of the API needs. */
const deepest = 64;

/** JSON that somebody sent; throws invalid-argument for text that is not JSON or is nested too deeply. */
export function parseJson(text: string): unknown {
  if (isTooDeep(text)) throw invalidArgument(`JSON is nested deeper than ${deepest} levels`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalidArgument("invalid JSON", cause);
  }
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  // Strings are skipped whole: brackets in them do not nest.
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\[\s\S])*"|[[\]{}]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    if (depth > deepest) return true;
  }
  return false;
}
