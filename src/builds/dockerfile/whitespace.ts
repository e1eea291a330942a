const whitespace = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** Tests for white space as Go and BuildKit define it: including U+0085, excluding a byte order mark. */
export function isWhitespace(character: string): boolean {
  return whitespace.test(character);
}

export function trimStart(text: string): string {
  let start = 0;
  while (start < text.length && isWhitespace(text.charAt(start))) start++;
  return text.slice(start);
}

export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isWhitespace(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

export function trim(text: string): string {
  return trimStart(trimEnd(text));
}
