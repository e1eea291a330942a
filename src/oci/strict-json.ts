import { invalidArgument } from "#support/errors.ts";

/** Objects whose keys are the image's own and not the specification's: `Version` beside `version` is fine. */
const maps = new Set(["annotations", "labels", "volumes", "exposedports"]);

/**
 * Reads a JSON document that others will read too, and must read alike: UTF-8, nothing before or after it,
 * no key twice in one object (nor a field in another case), no whole number that a double cannot hold.
 */
export function parseStrictJson(bytes: Uint8Array, what: string): unknown {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw invalidArgument(`${what} is not JSON`, cause);
  }
  const fault = findAmbiguity(text);
  if (fault) throw invalidArgument(`${what} is ambiguous: ${fault}`);
  return value;
}

interface Level {
  /** None in an array. */
  keys: Set<string> | undefined;
  isMap: boolean;
}

/** Walks the tokens of a text that is known to be JSON. */
function findAmbiguity(text: string): string | undefined {
  const levels: Level[] = [];
  let previous = "";
  let key = "";
  for (const token of tokensOf(text)) {
    if (token === "{") {
      levels.push({ keys: new Set(), isMap: maps.has(key.toLowerCase()) });
    } else if (token === "[") {
      levels.push({ keys: undefined, isMap: false });
    } else if (token === "}" || token === "]") {
      levels.pop();
    } else if (token === ":") {
      key = String(JSON.parse(previous));
      const level = levels.at(-1);
      const known = level?.isMap ? key : key.toLowerCase();
      if (level?.keys?.has(known)) return `the key ${JSON.stringify(key.slice(0, 200))} stands twice`;
      level?.keys?.add(known);
    } else if (/^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))) {
      return `the number ${token.slice(0, 200)} is too large`;
    }
    // The objects of an array are no map, whatever the array is called.
    if (token !== ":") key = previous === ":" || token === "{" ? "" : key;
    previous = token;
  }
  return undefined;
}

/** By hand: the engine's regular expressions give up, and say no match, on strings of some megabytes. */
function* tokensOf(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const end = endOfToken(text, start);
    const token = text.slice(start, end);
    if (token.trim() !== "") yield token;
    start = end;
  }
}

function endOfToken(text: string, start: number): number {
  if (text[start] === '"') {
    let end = start + 1;
    while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
    return end + 1;
  }
  if (delimiters.has(text[start] ?? "")) return start + 1;
  let end = start + 1;
  while (end < text.length && text[end] !== '"' && !delimiters.has(text[end] ?? "")) end++;
  return end;
}

const delimiters = new Set(["{", "}", "[", "]", ":", ",", " ", "\t", "\n", "\r"]);
