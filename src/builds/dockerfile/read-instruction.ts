import { invalidArgument } from "#support/errors.ts";
import { suggestion } from "#support/nearest.ts";
import { atLines } from "./dockerfile-error.ts";
import { readFlags } from "./flags.ts";
import { readHealthcheck } from "./healthcheck.ts";
import type { CommandLine, From, Instruction } from "./instruction.ts";
import { readCopy } from "./read-copy.ts";
import { readRun } from "./read-run.ts";
import type { Pair, Statement } from "./statement.ts";
import { volumePath } from "./volume-path.ts";

type Body = Instruction extends infer One
  ? One extends Instruction
    ? Omit<One, "source" | "lines">
    : never
  : never;

const keywords =
  "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR".split(
    " ",
  );

/** Checks the flags and words of an instruction; an error carries its lines. */
export function readInstruction(statement: Statement): Instruction {
  const { source, lines } = statement;
  return atLines(lines, () => ({ source, lines, ...readBody(statement) }) as Instruction);
}

function readBody(statement: Statement): Body {
  const { flags, words, pairs } = statement;
  const keyword = statement.keyword.toUpperCase();
  switch (keyword) {
    case "FROM":
      return readFrom(statement);
    case "ARG":
      return { kind: "arg", arguments: atLeastOne(words, keyword).map(readArgument) };
    case "ENV":
      readFlags(flags, {});
      return { kind: "env", pairs: requireNames(pairs, keyword) };
    case "LABEL":
      readFlags(flags, {});
      return { kind: "label", pairs: requireNames(pairs, keyword) };
    case "RUN":
      return readRun(statement);
    case "CMD":
    case "ENTRYPOINT":
      readFlags(flags, {});
      return { kind: keyword === "CMD" ? "cmd" : "entrypoint", command: commandOf(statement) };
    case "SHELL":
      readFlags(flags, {});
      atLeastOne(words, keyword);
      if (!statement.json)
        throw invalidArgument(`SHELL requires the arguments to be in JSON form: ${statement.source}`);
      return { kind: "shell", words };
    case "COPY":
    case "ADD":
      return readCopy(statement);
    case "EXPOSE":
      readFlags(flags, {});
      return { kind: "expose", ports: atLeastOne(words, keyword) };
    case "USER":
      readFlags(flags, {});
      return { kind: "user", user: onlyOne(words, keyword) };
    case "VOLUME":
      readFlags(flags, {});
      return { kind: "volume", paths: atLeastOne(words, keyword).map(volumePath) };
    case "WORKDIR":
      readFlags(flags, {});
      return { kind: "workdir", path: onlyOne(words, keyword) };
    case "STOPSIGNAL":
      readFlags(flags, {});
      return { kind: "stopsignal", signal: onlyOne(words, keyword) };
    case "MAINTAINER":
      readFlags(flags, {});
      return { kind: "maintainer", name: onlyOne(words, keyword) };
    case "HEALTHCHECK":
      return { kind: "healthcheck", healthcheck: readHealthcheck(statement) };
    case "ONBUILD":
      return { kind: "onbuild", trigger: readTrigger(statement) };
    default:
      throw invalidArgument(`unknown instruction: ${statement.keyword}${suggestion(keyword, keywords)}`);
  }
}

function readFrom({ words, flags }: Statement): From {
  const [base = "", as, name] = words;
  const { platform } = readFlags(flags, { platform: "text" });
  const on = platform === undefined ? {} : { platform };
  if (words.length === 1) return { kind: "from", base, ...on };
  if (words.length !== 3 || as?.toLowerCase() !== "as" || name === undefined) {
    throw invalidArgument("FROM requires either one or three arguments");
  }
  if (!/^[a-z][a-z0-9-_.]*$/.test(name.toLowerCase())) {
    const rule = "name can't start with a number or contain symbols";
    throw invalidArgument(`invalid name for build stage: ${JSON.stringify(name)}, ${rule}`);
  }
  return { kind: "from", base, name: name.toLowerCase(), ...on };
}

function readArgument(word: string): { name: string; value?: string } {
  const equals = word.indexOf("=");
  if (equals === 0) throw invalidArgument("ARG names can not be blank");
  return equals < 0 ? { name: word } : { name: word.slice(0, equals), value: word.slice(equals + 1) };
}

/** Returns the words of a JSON array, or a shell command. */
function commandOf({ words, json }: Statement): CommandLine {
  return { words, shell: !json };
}

function readTrigger({ flags, trigger, source, heredocs }: Statement): string {
  if (!trigger) throw invalidArgument("ONBUILD requires at least one argument");
  readFlags(flags, {});
  const keyword = trigger.keyword.toUpperCase();
  if (keyword === "ONBUILD") throw invalidArgument("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (keyword === "MAINTAINER" || keyword === "FROM") {
    throw invalidArgument(`${keyword} isn't allowed as an ONBUILD trigger`);
  }
  const documents = heredocs.map(({ content, name }) => `\n${content}${name}`);
  return source.replace(/^\s*ONBUILD\s*/i, "") + documents.join("");
}

function requireNames(pairs: Pair[], keyword: string): Pair[] {
  atLeastOne(pairs, keyword);
  if (pairs.some(({ name }) => name === "")) throw invalidArgument(`${keyword} names can not be blank`);
  return pairs;
}

function atLeastOne<T>(words: T[], keyword: string): T[] {
  if (words.length === 0) throw invalidArgument(`${keyword} requires at least one argument`);
  return words;
}

function onlyOne(words: string[], keyword: string): string {
  const [word] = words;
  if (word === undefined || words.length > 1)
    throw invalidArgument(`${keyword} requires exactly one argument`);
  return word;
}
