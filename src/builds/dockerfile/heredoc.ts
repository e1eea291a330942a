import { expandWords } from "./expand.ts";
import type { Heredoc } from "./statement.ts";

const nothing = () => undefined;

/** The documents that an instruction announces: their content follows its line. */
export function heredocsOf(line: string): Heredoc[] {
  if (!line.includes("<<")) return [];
  let words: string[];
  try {
    words = expandWords(line, nothing, { keepQuotes: true, keepEscapes: true, keepUnset: true });
  } catch {
    // A quote that only the shell can pair: such a line announces nothing.
    return [];
  }
  return words.flatMap((word) => parseHeredoc(word) ?? []);
}

/** `<<NAME`, `<<-NAME` or `<<"NAME"`, with a descriptor before it; nothing when it is anything else. */
export function parseHeredoc(word: string): Heredoc | undefined {
  const [, dash, rest = ""] = /^\d*<<(-?)[\t\n\f\r ]*([^<]*)$/.exec(word) ?? [];
  if (rest === "") return undefined;
  const [name, ...more] = expandWords(rest, nothing, { keepUnset: true });
  const [quoted = ""] = expandWords(rest, nothing, { keepUnset: true, keepQuotes: true });
  if (name === undefined || more.length > 0) return undefined;
  const expand = countQuotes(name) === countQuotes(quoted);
  return { name, expand, stripTabs: dash === "-", content: "" };
}

/** A document's content as its instruction uses it. */
export function heredocText({ content, stripTabs }: Heredoc): string {
  return stripTabs ? content.replace(/^\t+/gm, "") : content;
}

function countQuotes(text: string): number {
  return text.match(/['"]/g)?.length ?? 0;
}
