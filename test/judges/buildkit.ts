import { Glob } from "bun";
import { expandWord, expandWords } from "#builds/dockerfile/expand.ts";
import { parseDockerfile } from "#builds/dockerfile/parse.ts";
import type { Statement } from "#builds/dockerfile/statement.ts";
import { compileIgnorePatterns } from "#support/ignore-patterns.ts";

/**
 * Compares the Dockerfile parser with the test data of BuildKit and of moby's pattern matcher, in copies of their
 * repositories. Usage: `bun test/judges/buildkit.ts BUILDKIT PATTERNMATCHER`
 */
const [buildkit, patternmatcher] = process.argv.slice(2);
if (buildkit === undefined || patternmatcher === undefined) {
  console.error("usage: bun test/judges/buildkit.ts BUILDKIT PATTERNMATCHER");
  process.exit(2);
}
const dockerfile = `${buildkit}/frontend/dockerfile`;
let failed = 0;

await judge("parser/testfiles", async (check) => {
  for await (const path of new Glob("*/Dockerfile").scan(`${dockerfile}/parser/testfiles`)) {
    const folder = `${dockerfile}/parser/testfiles/${path.slice(0, -"/Dockerfile".length)}`;
    const expected = (await Bun.file(`${folder}/result`).text()).trim();
    check(
      path,
      expected,
      attempt(async () => dump(await Bun.file(`${folder}/Dockerfile`).text())),
    );
  }
});

await judge("parser/testfiles-negative", async (check) => {
  for await (const path of new Glob("*/Dockerfile").scan(`${dockerfile}/parser/testfiles-negative`)) {
    const text = await Bun.file(`${dockerfile}/parser/testfiles-negative/${path}`).text();
    check(
      path,
      "error",
      attempt(async () => dump(text)),
    );
  }
});

await judge("shell/envVarTest", async (check) => {
  const values = new Map(Object.entries({ PWD: "/home", SHELL: "bash", KOREAN: "한국어", NULL: "" }));
  for (const line of await linesOf(`${dockerfile}/shell/envVarTest`)) {
    const [platform = "", source = "", expected = ""] = line.split("|").map((part) => part.trim());
    if (platform === "" || platform.startsWith("#") || platform === "W") continue;
    check(
      line,
      expected,
      attempt(async () => expandWord(source, (name) => values.get(name))),
    );
  }
});

await judge("shell/wordsTest", async (check) => {
  const values = new Map<string, string>();
  for (const line of await linesOf(`${dockerfile}/shell/wordsTest`)) {
    const [, name, value] = /^ENV +([^=]+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined) values.set(name, value ?? "");
    if (name !== undefined || line.startsWith("#") || !line.includes("|")) continue;
    const [source = "", expected = ""] = line.split("|");
    const words = async () => expandWords(source.trim(), (one) => values.get(one)).join(",");
    check(line, expected.trimStart(), attempt(words));
  }
});

await judge("patternmatcher", async (check) => {
  const source = await Bun.file(`${patternmatcher}/patternmatcher_test.go`).text();
  const tables = source.slice(source.indexOf("func TestMatches("), source.indexOf("func TestCleanPatterns("));
  const text = '"((?:[^"\\\\]|\\\\.)*)"';
  const one = new RegExp(`^\\s*\\{${text}, ${text}, (true|false)\\}`, "gm");
  for (const [, pattern = "", path = "", pass] of tables.matchAll(one)) {
    const matches = compileIgnorePatterns([unquote(pattern)]);
    check(pattern, pass ?? "", Promise.resolve(String(matches(unquote(path)))));
  }
  const several = new RegExp(`\\{\\[\\]string\\{([^}]*)\\}, ${text}, (true|false)\\}`, "g");
  for (const [, list = "", path = "", pass] of tables.matchAll(several)) {
    const patterns = [...list.matchAll(new RegExp(text, "g"))].map(([, pattern = ""]) => unquote(pattern));
    check(list, pass ?? "", Promise.resolve(String(compileIgnorePatterns(patterns)(unquote(path)))));
  }
});

process.exit(failed === 0 ? 0 : 1);

type Check = (name: string, expected: string, found: Promise<string>) => void;

async function judge(name: string, cases: (check: Check) => Promise<void>): Promise<void> {
  const running: Promise<boolean>[] = [];
  await cases((label, expected, found) => {
    const compare = async () => {
      const text = await found;
      if (text === expected) return true;
      console.log(
        `  ${label}\n    expected ${JSON.stringify(expected)}\n    found    ${JSON.stringify(text)}`,
      );
      return false;
    };
    running.push(compare());
  });
  const passed = (await Promise.all(running)).filter(Boolean).length;
  failed += running.length - passed;
  console.log(`${name}: ${passed} of ${running.length}`);
}

async function attempt(work: () => Promise<string>): Promise<string> {
  try {
    return await work();
  } catch {
    return "error";
  }
}

async function linesOf(path: string): Promise<string[]> {
  return (await Bun.file(path).text()).split("\n");
}

/** Formats a tree like BuildKit's test data. */
function dump(text: string): string {
  const { statements } = parseDockerfile(text);
  return statements.map((statement) => `(${dumpStatement(statement)})`).join("\n");
}

function dumpStatement({ keyword, flags, words, pairs, trigger }: Statement): string {
  const shown = flags.length > 0 ? [`[${flags.map(quote).join(" ")}]`] : [];
  const parts = pairs.flatMap(({ name, value, legacy }) => [name, value, legacy ? "" : "="]);
  const inner = trigger ? [`(${dumpStatement(trigger)})`] : [];
  return [keyword.toLowerCase(), ...shown, ...inner, ...[...words, ...parts].map(quote)].join(" ");
}

/** Formats a string like Go's `%q`. */
function quote(text: string): string {
  return JSON.stringify(text).replace(/\\u00([01][0-9a-f])/g, "\\x$1");
}

/** Parses a Go string literal with simple escapes. */
function unquote(text: string): string {
  return text.replace(/\\(.)/g, "$1");
}
