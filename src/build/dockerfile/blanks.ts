const blank = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const leading = new RegExp(`^${blank.source}+`);
const trailing = new RegExp(`${blank.source}+$`);

/** White space as BuildKit counts it, which is Go's: with U+0085, without a byte order mark. */
export function isBlank(character: string): boolean {
  return blank.test(character);
}

export function trimStart(text: string): string {
  return text.replace(leading, "");
}

export function trim(text: string): string {
  return trimStart(text).replace(trailing, "");
}
