const exponents: Record<string, number> = { "": 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** Parses a number of bytes such as `64m`, `1.5g` or `1024`; units are powers of 1024. */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text);
  const exponent = exponents[match?.[2]?.toLowerCase() ?? ""];
  if (match === null || exponent === undefined) throw new Error(`invalid size: '${text}'`);
  return Math.floor(Number(match[1]) * 1024 ** exponent);
}
