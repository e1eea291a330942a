import { TboxError } from "#support/errors.ts";

/**
 * Reads a JSON document that others will read too, and must read alike: UTF-8, nothing after it, no key
 * twice in one object (not even in another case), no whole number that a double cannot hold.
 */
export function parseStrictJson(bytes: Uint8Array, what: string): unknown {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new TboxError("invalid-argument", `${what} is not JSON`, { cause });
  }
  const fault = findAmbiguity(text);
  if (fault) throw new TboxError("invalid-argument", `${what} is ambiguous: ${fault}`);
  return value;
}

/** Walks the tokens of a text that is known to be JSON. */
function findAmbiguity(text: string): string | undefined {
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|-?\d[\d.eE+-]*|true|false|null/g;
  const objects: (Set<string> | undefined)[] = [];
  let previous = "";
  for (const [token] of text.matchAll(tokens)) {
    if (token === "{") objects.push(new Set());
    else if (token === "[") objects.push(undefined);
    else if (token === "}" || token === "]") objects.pop();
    else if (token === ":") {
      const key = JSON.parse(previous) as string;
      const keys = objects.at(-1);
      if (keys?.has(key.toLowerCase())) return `the key ${JSON.stringify(key)} stands twice`;
      keys?.add(key.toLowerCase());
    } else if (/^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token))) {
      return `the number ${token} is too large`;
    }
    previous = token;
  }
  return undefined;
}
