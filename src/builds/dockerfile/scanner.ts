/** Reads a text character by character. */
export interface Scanner {
  peek(): string | undefined;
  next(): string | undefined;
}

export function openScanner(text: string): Scanner {
  const characters = [...text];
  let at = 0;
  return { peek: () => characters[at], next: () => characters[at++] };
}

/** Reads `<` or `<<`. The white space after `<<` is kept, so that operator and name stay one word. */
export function readLess(scanner: Scanner): string {
  let text = scanner.next() ?? "";
  if (scanner.peek() !== "<") return text;
  text += scanner.next();
  while (/^[\t\r ]$/.test(scanner.peek() ?? "")) text += scanner.next();
  return text;
}

/** Reads a name: letters, digits and `_`, or only digits, or a special parameter of the shell. */
export function readName(scanner: Scanner): string {
  const digits = take(scanner, /\p{Nd}/u);
  if (digits !== "") return digits;
  if (/[@*#?\-$!]/.test(scanner.peek() ?? "")) return scanner.next() ?? "";
  return take(scanner, /[\p{L}\p{Nd}_]/u);
}

function take(scanner: Scanner, wanted: RegExp): string {
  let text = "";
  while (wanted.test(scanner.peek() ?? "")) text += scanner.next();
  return text;
}
