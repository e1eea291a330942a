import { invalidArgument } from "#support/errors.ts";

/** Objects with user-defined keys, where `Version` and `version` are different keys. */
const maps = new Set(["annotations", "labels", "volumes", "exposedports"]);

/**
 * Parses a JSON document; refuses documents that other parsers could read differently. Refused are invalid UTF-8,
 * surrounding bytes, duplicate keys (ignoring case) and integers that a double cannot represent.
 */
export function parseStrictJson(bytes: Uint8Array, subject: string): unknown {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw invalidArgument(`${subject} is not JSON`, cause);
  }
  const fault = findAmbiguity(text);
  if (fault) throw invalidArgument(`${subject} is ambiguous: ${fault}`);
  return value;
}

interface Level {
  /** Absent in an array. */
  keys: Set<string> | undefined;
  isMap: boolean;
}

/** Returns the first ambiguity of a text that is valid JSON. */
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
      if (level?.keys?.has(known)) return `the key ${JSON.stringify(key.slice(0, 200))} occurs twice`;
      level?.keys?.add(known);
    } else if (/^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))) {
      return `the number ${token.slice(0, 200)} is too large`;
    }
    // An array's objects do not inherit the array's key.
    if (token !== ":") key = previous === ":" || token === "{" ? "" : key;
    previous = token;
  }
  return undefined;
}

/** Splits JSON into tokens without regular expressions, which fail on strings of megabytes in this engine. */
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
