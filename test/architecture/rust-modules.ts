import { repository } from "#test/support/repository.ts";

/**
 * Files of a crate and the other files of it whose items each names, by module path (`launch::program`; the root is
 * empty). Code of unit tests, comments and texts do not count, nor does a parent's declaration of a module.
 */
export async function moduleGraph(crate: string): Promise<Map<string, string[]>> {
  const root = `${repository}/native/crates/${crate}/src`;
  const paths = [...new Bun.Glob("**/*.rs").scanSync(root)].filter((path) => !path.endsWith("tests.rs"));
  const modules = new Set(paths.map(moduleOf));
  const entries = paths.map(async (path): Promise<[string, string[]]> => {
    const module = moduleOf(path);
    const names = namesIn(await Bun.file(`${root}/${path}`).text());
    const targets = names.flatMap((name) => targetOf(name.split("::"), module, modules) ?? []);
    return [module, [...new Set(targets)].filter((target) => target !== module)];
  });
  return new Map(await Promise.all(entries));
}

function moduleOf(path: string): string {
  const module = path.replace(/(\/mod)?\.rs$/, "").replaceAll("/", "::");
  return module === "lib" || module === "main" ? "" : module;
}

/** Paths such as `crate::a::B` that a source text names, with the trees of `use` spelt out. */
function namesIn(text: string): string[] {
  const code = (text.split("#[cfg(test)]\nmod ")[0] ?? "")
    .replace(/"(\\.|[^"\\])*"/g, '""')
    .replace(/\/\/.*/g, "");
  const statement = /^\s*(?:pub(?:\([^)]*\))?\s+)?use\s+([^;]+);/gm;
  const used = [...code.matchAll(statement)].flatMap(([, tree = ""]) => spellOut(tree));
  const named = code.replace(statement, "").match(/\b\w+(::\w+)+/g) ?? [];
  return [...used, ...named];
}

/** Spells out a list of paths: `a::{b, c::{d, e}}` becomes `a::b`, `a::c::d` and `a::c::e`. */
function spellOut(tree: string): string[] {
  const [, prefix = "", list] = /^((?:\w+::)*)\{(.*)\}$/s.exec(tree.trim()) ?? [];
  if (list === undefined) return [tree.trim().replace(/ as .*$/s, "")];
  let depth = 0;
  const parts = [""];
  for (const letter of list) {
    if (letter === "{") depth++;
    if (letter === "}") depth--;
    if (letter === "," && depth === 0) parts.push("");
    else parts.push((parts.pop() ?? "") + letter);
  }
  return parts
    .filter((part) => part.trim() !== "")
    .flatMap((part) => spellOut(part).map((path) => prefix + path));
}

/** Returns the module that an item's path leads to: the longest prefix that is a file of the crate. */
function targetOf(path: string[], from: string, modules: ReadonlySet<string>): string | undefined {
  const own = from === "" ? [] : from.split("::");
  const rest = [...path];
  let base: string[];
  if (rest[0] === "crate") {
    base = [];
    rest.shift();
  } else if (rest[0] === "self") {
    base = own;
    rest.shift();
  } else if (rest[0] === "super") {
    base = own;
    for (; rest[0] === "super"; rest.shift()) base = base.slice(0, -1);
  } else if (modules.has([...own, rest[0]].join("::"))) base = own;
  else return undefined;
  let target = base;
  while (rest.length > 0 && modules.has([...target, rest[0]].join("::")))
    target = [...target, rest.shift() ?? ""];
  return modules.has(target.join("::")) ? target.join("::") : undefined;
}
