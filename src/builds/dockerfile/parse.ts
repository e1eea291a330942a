import { openDirectives } from "./directives.ts";
import { atLines, DockerfileError } from "./dockerfile-error.ts";
import { heredocsOf } from "./heredoc.ts";
import { splitStatement } from "./split-statement.ts";
import type { Dockerfile, Heredoc, Statement } from "./statement.ts";
import { trimStart } from "./whitespace.ts";

/** Splits a Dockerfile into instructions like BuildKit's parser; checks and expands nothing yet. */
export function parseDockerfile(text: string): Dockerfile {
  const lines = openLines(text.replace(/^\ufeff/, ""));
  const directives = openDirectives();
  const statements: Statement[] = [];
  const warnings: Dockerfile["warnings"] = [];
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    const start = lines.number();
    const first = trimStart(withoutEnd(line));
    atLines({ start, end: start }, () => directives.take(first));
    if (first === "" || first.startsWith("#")) continue;
    const { source, gap } = joinLines(first, lines, directives.escape);
    if (source === "") continue;
    const range = { start, end: lines.number() };
    if (gap) warnings.push({ message: "Empty continuation line", line: range.end });
    const statement = atLines(range, () => splitStatement(source, directives.escape));
    const heredocs = takesHeredocs(statement) ? atLines(range, () => heredocsOf(source)) : [];
    const filled = heredocs.map((heredoc) => readHeredoc(heredoc, lines, range.start));
    statements.push({ ...statement, heredocs: filled, lines: { start, end: lines.number() } });
  }
  if (statements.length === 0) {
    const end = Math.max(1, lines.number());
    throw new DockerfileError("file with no instructions", { start: end, end });
  }
  const { escape: escapeMark, check } = directives;
  return { statements, escapeMark, warnings, ...(check === undefined ? {} : { check }) };
}

interface Lines {
  /** Returns the next line with its line end. */
  next(): string | undefined;
  /** Returns the number of the last line, from 1. */
  number(): number;
}

function openLines(text: string): Lines {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  let at = 0;
  return { next: () => lines[at++], number: () => Math.min(at, lines.length) };
}

/** Patterns of a continued line. An escaped escape character at the end does not continue it. */
const continuations = { "\\": /([^\\])\\[ \t]*$|^\\[ \t]*$/, "`": /([^`])`[ \t]*$|^`[ \t]*$/ };

/** Joins continued lines; drops comments and empty lines between them. */
function joinLines(first: string, lines: Lines, mark: "\\" | "`"): { source: string; gap: boolean } {
  const pattern = continuations[mark];
  let gap = false;
  let continued = pattern.test(first);
  let source = first.replace(pattern, "$1");
  while (continued) {
    const line = lines.next();
    if (line === undefined) break;
    const plain = withoutEnd(line);
    const start = trimStart(plain);
    if (start.startsWith("#")) continue;
    if (start === "") {
      gap = true;
      continue;
    }
    continued = pattern.test(plain);
    source += plain.replace(pattern, "$1");
  }
  return { source, gap };
}

function readHeredoc(heredoc: Heredoc, lines: Lines, start: number): Heredoc {
  let content = "";
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    const plain = withoutEnd(line);
    if ((heredoc.stripTabs ? plain.replace(/^\t+/, "") : plain) === heredoc.name)
      return { ...heredoc, content };
    content += line;
  }
  throw new DockerfileError("unterminated heredoc", { start, end: lines.number() });
}

function takesHeredocs(statement: Omit<Statement, "heredocs" | "lines">): boolean {
  const inner = statement.keyword.toLowerCase() === "onbuild" ? (statement.trigger ?? statement) : statement;
  return ["add", "copy", "run"].includes(inner.keyword.toLowerCase()) && !inner.json;
}

function withoutEnd(line: string): string {
  let end = line.length;
  while (end > 0 && (line[end - 1] === "\n" || line[end - 1] === "\r")) end--;
  return line.slice(0, end);
}
