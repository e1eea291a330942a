/** Text between actions, or a token of an action. */
export type Token =
  | { kind: "text"; text: string }
  | { kind: "open" }
  | { kind: "close" }
  | { kind: "word"; text: string }
  /** `.Name`; the dot alone has an empty name. */
  | { kind: "field"; name: string; afterSpace: boolean }
  /** `$name`; the dollar sign alone has an empty name. */
  | { kind: "variable"; name: string }
  | { kind: "literal"; value: string | number }
  | { kind: "symbol"; text: string };

/** An error in a template, or in its use with a value. */
export class TemplateError extends Error {}

/** Splits a template into text and the tokens of its actions. Applies `{{-` and `-}}`, and drops comments. */
export function tokenize(template: string): Token[] {
  const tokens: Token[] = [];
  let trimNext = false;
  for (let at = 0; at < template.length; ) {
    const start = template.indexOf("{{", at);
    let text = template.slice(at, start === -1 ? undefined : start);
    if (trimNext) text = text.trimStart();
    if (start === -1) {
      if (text !== "") tokens.push({ kind: "text", text });
      break;
    }
    const trimsBefore = /^-\s/.test(template.slice(start + 2, start + 4));
    if (trimsBefore) text = text.trimEnd();
    if (text !== "") tokens.push({ kind: "text", text });
    const end = action(template, start + (trimsBefore ? 3 : 2), tokens);
    trimNext = end.trimsAfter;
    at = end.position;
  }
  return tokens;
}

const spaces = /[ \t\r\n]*/y;
const comment = /\/\*[\s\S]*?\*\//y;
const field = /\.([A-Za-z_]\w*)?/y;
const variable = /\$(\w*)/y;
const number = /[+-]?\d+(?:\.\d+)?/y;
const quoted = /"(?:[^"\\\n]|\\.)*"/y;
const raw = /`[^`]*`/y;
const word = /[A-Za-z_]\w*/y;
const symbol = /:=|[()|,=]/y;

function action(template: string, start: number, tokens: Token[]): { position: number; trimsAfter: boolean } {
  let at = start;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(template);
    if (match) at = pattern.lastIndex;
    return match;
  };
  const body: Token[] = [];
  for (;;) {
    const hadSpace = (take(spaces)?.[0].length ?? 0) > 0;
    const closes = hadSpace && template.startsWith("-}}", at);
    if (closes || template.startsWith("}}", at)) {
      if (body.length > 0) tokens.push({ kind: "open" }, ...body, { kind: "close" });
      return { position: at + (closes ? 3 : 2), trimsAfter: closes };
    }
    if (at >= template.length) throw new TemplateError("unclosed action");
    if (take(comment)) continue;
    const token = next(take, hadSpace || body.length === 0);
    if (token === undefined) {
      throw new TemplateError(`unexpected ${JSON.stringify(template[at])} in command`);
    }
    body.push(token);
  }
}

function next(take: (pattern: RegExp) => RegExpExecArray | null, afterSpace: boolean): Token | undefined {
  let match = take(field);
  if (match) return { kind: "field", name: match[1] ?? "", afterSpace };
  match = take(variable);
  if (match) return { kind: "variable", name: match[1] ?? "" };
  match = take(number);
  if (match) return { kind: "literal", value: Number(match[0]) };
  match = take(quoted);
  if (match) return { kind: "literal", value: unquote(match[0]) };
  match = take(raw);
  if (match) return { kind: "literal", value: match[0].slice(1, -1) };
  match = take(symbol);
  if (match) return { kind: "symbol", text: match[0] };
  match = take(word);
  return match ? { kind: "word", text: match[0] } : undefined;
}

const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r", '"': '"', "\\": "\\", "'": "'" };

function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|(.))/gi, (_, hex, unicode, letter) => {
    if (hex ?? unicode) return String.fromCodePoint(Number.parseInt(hex ?? unicode, 16));
    const plain = escapes[letter];
    if (plain === undefined) throw new TemplateError(`unknown escape \\${letter}`);
    return plain;
  });
}
