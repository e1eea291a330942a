import { invalidArgument } from "#support/errors.ts";

const pattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

const adjectives =
  "agile amber brave brisk calm clear crisp eager early fair fleet fresh gentle glad golden green keen kind light lively lucid merry mild neat nimble noble plain prompt proud quick quiet ready sharp silver smart solid steady sunny swift tidy warm wise".split(
    " ",
  );
const nouns =
  "adler badger beaver birch bison brook canyon cedar comet coral crane delta dune eagle ember falcon fern finch fjord fox geyser glade harbor hare heron ibis island juniper kestrel lagoon lark linden lynx maple marten meadow otter pine plover raven reef ridge river robin sparrow stork thistle tundra walnut willow wren".split(
    " ",
  );

/** Checks a container's name with Docker's rule, and removes the leading slash that Docker's API uses. */
export function parseName(text: string): string {
  const name = text.startsWith("/") ? text.slice(1) : text;
  if (pattern.test(name)) return name;
  throw invalidArgument(`Invalid container name (${text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
}

/** Returns a random free name. After twenty taken names it appends a number. */
export function inventName(taken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const number = attempt < 20 ? "" : String(attempt - 20);
    const name = `${pick(adjectives)}_${pick(nouns)}${number}`;
    if (!taken(name)) return name;
  }
}

function pick(words: string[]): string {
  return words[Math.floor(Math.random() * words.length)] ?? "quick";
}
