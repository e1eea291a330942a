import type { Statement } from "./statement.ts";
import { isWhitespace, trim } from "./whitespace.ts";
import { cutFlags, cutWord, plainWords, quotedWords, readJsonWords, readPairs } from "./words.ts";

type Split = Omit<Statement, "heredocs" | "lines">;

/** Splits an instruction with joined lines into words. */
export function splitStatement(source: string, mark: "\\" | "`"): Split {
  const [keyword, rest = ""] = cutWord(trim(source));
  const { flags, rest: words } = cutFlags(rest, mark);
  const split: Split = { keyword, flags, words: [], json: false, pairs: [], source };
  return { ...split, ...splitWords(keyword.toLowerCase(), trim(words), mark) };
}

function splitWords(keyword: string, text: string, mark: "\\" | "`"): Partial<Split> {
  switch (keyword) {
    case "env":
    case "label":
      return { pairs: readPairs(text, mark, keyword.toUpperCase()) };
    case "arg":
      return { words: quotedWords(text, mark) };
    case "expose":
    case "from":
      return { words: plainWords(text) };
    case "add":
    case "copy":
    case "volume":
      return jsonOr(text, plainWords);
    case "cmd":
    case "entrypoint":
    case "run":
    case "shell":
      return jsonOr(text, whole);
    case "maintainer":
    case "stopsignal":
    case "user":
    case "workdir":
      return { words: whole(text) };
    case "healthcheck":
      return splitHealthcheck(text);
    case "onbuild":
      if (text === "") return {};
      return { trigger: { ...splitStatement(text, mark), heredocs: [], lines: { start: 0, end: 0 } } };
    default:
      // An unknown instruction is reported later, with its name.
      return { words: [""] };
  }
}

function jsonOr(text: string, split: (text: string) => string[]): Partial<Split> {
  const words = readJsonWords(text);
  return words ? { words, json: true } : { words: split(text) };
}

function whole(text: string): string[] {
  return text === "" ? [] : [text];
}

function splitHealthcheck(text: string): Partial<Split> {
  const end = [...text].findIndex(isWhitespace);
  const type = end < 0 ? text : text.slice(0, end);
  if (type === "") return {};
  const command = jsonOr(trim(text.slice(type.length)), whole);
  return { ...command, words: [type, ...(command.words ?? [])] };
}
