import { invalidArgument } from "#support/errors.ts";
import { readFlags } from "./flags.ts";
import { parseHeredoc } from "./heredoc.ts";
import type { Copy } from "./instruction.ts";
import type { Heredoc, Statement } from "./statement.ts";

/** Reads COPY and ADD. */
export function readCopy(statement: Statement): Copy {
  const { words, keyword } = statement;
  const kind: Copy["kind"] = keyword.toLowerCase() === "add" ? "add" : "copy";
  const destination = words.at(-1);
  if (destination === undefined || words.length < 2) {
    const rule =
      "requires at least two arguments, but only one was provided. Destination could not be determined";
    throw invalidArgument(`${kind.toUpperCase()} ${rule}`);
  }
  if (parseHeredoc(destination)) {
    throw invalidArgument(`${kind.toUpperCase()} cannot accept a heredoc as a destination`);
  }
  const flags = kind === "copy" ? copyFlags(statement) : addFlags(statement);
  const sources = splitSources(words.slice(0, -1), statement.heredocs);
  return { kind, ...sources, destination, ...flags };
}

type Flags = Omit<Copy, "kind" | "sources" | "documents" | "destination">;

function copyFlags({ flags }: Statement): Flags {
  const given = readFlags(flags, {
    chown: "text",
    chmod: "text",
    from: "text",
    link: "switch",
    exclude: "texts",
    parents: "switch",
  });
  return { ...common(given), ...(given.from ? { from: given.from } : {}), parents: given.parents ?? false };
}

function addFlags({ flags }: Statement): Flags {
  const given = readFlags(flags, {
    chown: "text",
    chmod: "text",
    link: "switch",
    exclude: "texts",
    checksum: "text",
    unpack: "switch",
    "keep-git-dir": "switch",
  });
  const keep = given["keep-git-dir"];
  return {
    ...common(given),
    parents: false,
    checksum: given.checksum ?? "",
    ...(given.unpack === undefined ? {} : { unpack: given.unpack }),
    ...(keep === undefined ? {} : { keepGitDirectory: keep }),
  };
}

function common(given: { chown?: string; chmod?: string; link?: boolean; exclude?: string[] }) {
  const { chown = "", chmod = "", link = false, exclude = [] } = given;
  return { chown, chmod, link, exclude, checksum: "" };
}

/** Separates paths from here-documents. */
function splitSources(words: string[], heredocs: Heredoc[]): Pick<Copy, "sources" | "documents"> {
  const sources: string[] = [];
  const documents: Heredoc[] = [];
  for (const word of words) {
    const heredoc = parseHeredoc(word);
    if (!heredoc) sources.push(word);
    else documents.push(heredocs.find(({ name }) => name === heredoc.name) ?? heredoc);
  }
  return { sources, documents };
}
