import { invalidArgument } from "#support/errors.ts";
import { describeInvalidJson } from "./invalid-json.ts";

/** Deepest nesting of a request. */
const deepest = 64;

/** Parses untrusted JSON; throws invalid-argument for invalid JSON and for one that is nested too deeply. */
export function parseJson(text: string): unknown {
  if (isTooDeep(text)) throw invalidArgument(`JSON is nested deeper than ${deepest} levels`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw invalidArgument(describeInvalidJson(text));
  }
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  // Strings match as a whole, because brackets inside them do not nest.
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\[\s\S])*"|[[\]{}]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    if (depth > deepest) return true;
  }
  return false;
}
