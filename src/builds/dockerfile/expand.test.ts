// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the variables of Dockerfiles
import { describe, expect, test } from "bun:test";
import { expandWord, expandWords } from "./expand.ts";

const values = new Map(Object.entries({ NAME: "tbox", EMPTY: "", PATHS: "/a/b/c.tar.gz", SPACED: "a  b" }));
const lookup = (name: string) => values.get(name);

describe("expandWord", () => {
  test.each([
    ["$NAME-$MISSING.", "tbox-."],
    ["'$NAME' \"$NAME\"", "$NAME tbox"],
    ['\\$NAME "\\$NAME" "\\n"', "$NAME $NAME \\n"],
    ["${NAME:-other}${MISSING:-$NAME}${EMPTY-kept}${EMPTY:-dflt}", "tboxtboxdflt"],
    ["${NAME:+set}${MISSING:+set}${EMPTY+set}${EMPTY:+set}", "setset"],
    ["${PATHS#*/}|${PATHS##*/}|${PATHS%.*}|${PATHS%%.*}", "a/b/c.tar.gz|c.tar.gz|/a/b/c.tar|/a/b/c"],
    ["${PATHS/\\//_}|${PATHS//\\//_}|${PATHS//?tar/}", "_a/b/c.tar.gz|_a_b_c.tar.gz|/a/b/c.gz"],
    ["${NAME?must be set}", "tbox"],
    ["<$1> $ $.", "<> $ $."],
  ])("%s", (text, expected) => expect(expandWord(text, lookup)).toBe(expected));

  test.each([
    ["${MISSING?say so $NAME}", "MISSING: say so tbox"],
    ["${EMPTY:?}", "EMPTY: is not allowed to be empty"],
    ["${NAME", "unsupported modifier"],
    ["${NAME:-x", "missing '}'"],
    ["${}", "bad substitution"],
    ["'open", "single-quote"],
    ["${NAME^^}", "unsupported modifier (^)"],
  ])("%s throws", (text, reason) => {
    const attempt = () => expandWord(text, lookup);
    expect(attempt).toThrow(
      expect.objectContaining({
        cause: expect.objectContaining({ message: expect.stringContaining(reason) }),
      }),
    );
  });

  test("uses the escape character of the Dockerfile", () => {
    expect(expandWord("`$NAME \\$NAME", lookup, { escape: "`" })).toBe("$NAME \\tbox");
  });

  test("keeps unset variables when asked to", () => {
    const options = { keepUnset: true, ignoreQuotes: true };
    expect(expandWord("'$NAME' $MISSING ${MISSING:-x}", lookup, options)).toBe(
      "'tbox' $MISSING ${MISSING:-x}",
    );
  });
});

test("expandWords splits unquoted words after the expansion", () => {
  expect(expandWords("x$SPACED \"$SPACED\" '' a\\ b", lookup)).toEqual(["xa", "b", "a  b", "a b"]);
});
