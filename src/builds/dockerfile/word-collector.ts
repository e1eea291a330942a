import { isWhitespace } from "./whitespace.ts";

/** Collects words; unquoted white space ends a word. */
export function createWordCollector() {
  const words: string[] = [];
  let word = "";
  let open = false;
  return {
    add(character: string) {
      if (!isWhitespace(character)) {
        word += character;
        open = true;
      } else if (open && word !== "") {
        words.push(word);
        word = "";
        open = false;
      }
    },
    addQuoted(piece: string) {
      word += piece;
      open = true;
    },
    end(): string[] {
      if (word !== "") words.push(word);
      return words;
    },
  };
}
