import { expandWords } from "./expand.ts";
import type { Heredoc } from "./statement.ts";

const unset = () => undefined;

/** Returns the here-documents that an instruction announces; their content follows the line. */
export function heredocsOf(line: string): Heredoc[] {
  if (!line.includes("<<")) return [];
  let words: string[];
  try {
    words = expandWords(line, unset, { keepQuotes: true, keepEscapes: true, keepUnset: true });
  } catch {
    // Only the shell can interpret such quotes, so the line announces no here-document.
    return [];
  }
  return words.flatMap((word) => parseHeredoc(word) ?? []);
}

/** Parses `<<NAME`, `<<-NAME` or `<<"NAME"`, optionally after a descriptor; returns undefined for other words. */
export function parseHeredoc(word: string): Heredoc | undefined {
  const [, dash, rest = ""] = /^\d*<<(-?)[\t\n\f\r ]*([^<]*)$/.exec(word) ?? [];
  if (rest === "") return undefined;
  const [name, ...more] = expandWords(rest, unset, { keepUnset: true });
  const [quoted = ""] = expandWords(rest, unset, { keepUnset: true, keepQuotes: true });
  if (name === undefined || more.length > 0) return undefined;
  const expand = countQuotes(name) === countQuotes(quoted);
  return { name, expand, stripTabs: dash === "-", content: "" };
}

/** Returns the content of a here-document, without leading tabs for `<<-`. */
export function heredocText({ content, stripTabs }: Heredoc): string {
  return stripTabs ? content.replace(/^\t+/gm, "") : content;
}

function countQuotes(text: string): number {
  return text.match(/['"]/g)?.length ?? 0;
}
