/** An authentication method that a server offers (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  scheme: string;
  /** Values by name in lower case. */
  parameters: Map<string, string>;
}

/**
 * Parses `WWW-Authenticate`: several challenges in one header, or several headers joined by commas. A comma inside
 * quotes is part of the value.
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  const parts = /\s*,?\s*([^\s=,"]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/y;
  for (let match = parts.exec(header); match; match = parts.exec(header)) {
    const [, word = "", quoted, plain] = match;
    if (quoted === undefined && plain === undefined) {
      challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
    } else {
      const value = quoted === undefined ? plain : quoted.replace(/\\(.)/g, "$1");
      challenges.at(-1)?.parameters.set(word.toLowerCase(), value ?? "");
    }
  }
  return challenges;
}
