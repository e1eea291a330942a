import { dirname, join } from "node:path";
import { repository } from "#test/support/repository.ts";

/** Paths that a file imports or re-exports, those of types included. */
export async function importsOf(path: string): Promise<string[]> {
  const text = await Bun.file(path).text();
  // The scanner leaves out imports of types, so they are turned into imports of values first.
  const values = text
    .replace(/^(import|export) type (?=[{*])|^(import) type (?=\w)/gm, "$1$2 ")
    .replace(/^(import|export) {[^}]*} from/gm, (statement) => statement.replace(/\btype (?=\w)/g, ""));
  return scan(values);
}

/** Files of `src` and the files whose values each imports, statically or by `import()`, relative to `src`. */
export async function importGraph(files: readonly string[]): Promise<Map<string, string[]>> {
  const known = new Set(files);
  const entries = files.map(async (file): Promise<[string, string[]]> => {
    const names = scan(await Bun.file(`${repository}/src/${file}`).text());
    const targets = names.map((name) => (name.startsWith("#") ? name.slice(1) : join(dirname(file), name)));
    return [file, targets.filter((target) => known.has(target))];
  });
  return new Map(await Promise.all(entries));
}

function scan(text: string): string[] {
  const transpiler = new Bun.Transpiler({
    loader: "ts",
    trimUnusedImports: false,
    tsconfig: JSON.stringify({ compilerOptions: { verbatimModuleSyntax: true } }),
  });
  return transpiler.scanImports(text).map((found) => found.path);
}
