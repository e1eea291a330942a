/**
 * Finds code that changes mode, owner or time of a path, or looks at a path before it acts, also under another name. A path
 * that others may change can lead elsewhere by then; a descriptor cannot.
 */

/** Ways in which code depends on a path staying the same. */
export type PathAccess = "attributes" | "status" | "target";

/** Functions of `node:fs`: they change attributes of a path, look at a file without following a link, or tell where a path leads. */
const typescriptNames: Record<PathAccess, RegExp> = {
  attributes: /\bl?(chmod|chown|utimes)(Sync)?\b/,
  status: /\blstat(Sync)?\b/,
  target: /\b(readlink|realpath)(Sync)?\b/,
};

/** `import { a } from "node:fs"`, `const { a } = await import("node:fs")` and `import("node:fs").then(({ a }) => …)`. */
const namedImports = [
  /\bimport\s*(?:type\s*)?{([^}]*)}\s*from\s*["'](?:node:)?fs(?:\/promises)?["']/g,
  /{([^}]*)}\s*=\s*await\s+import\(\s*["'](?:node:)?fs(?:\/promises)?["']\s*\)/g,
  /\bimport\(\s*["'](?:node:)?fs(?:\/promises)?["']\s*\)\s*\.then\(\s*\(\s*{([^}]*)}/g,
];

/** Ways to the whole module, of which any function can be called later. */
const wholeModule = [
  /["'](?:node:)?fs(?:\/promises)?["']/,
  /\brequire\s*\(/,
  /\bgetBuiltinModule\b/,
  /\bpromises\b(?=[^;]*["'](?:node:)?fs["'])/,
];

/**
 * Functions of rustix, the C library and std. `fchmod`, `fstat` and their like, which take a descriptor alone, are not among
 * them.
 */
const rustNames: Record<PathAccess, RegExp> = {
  attributes:
    /(?<!")\b(chmodat|chownat|utimensat|lchown|lutimes|futimesat|set_permissions|fchmodat2?|fchownat|chownat)\b|\bfs::(chmod|chown)\b|\blibc::(chmod|chown|utimes?)\b|\bfs::{[^}]*\b(chmod|chown)\b|\bfs::\*/,
  status:
    /(?<!")\b(f?statat|newfstatat|statx|accessat|symlink_metadata|lstat|try_exists)\b|\bfs::(stat|access|metadata|exists)\b|\blibc::(stat|access|faccessat2?)\b|\bfs::{[^}]*\b(stat|access|metadata|exists)\b|\.exists\(\)|\bPath::(exists|is_dir|is_file|is_symlink|metadata)\b|\bfs::\*/,
  target:
    /(?<!")\b(readlink|readlinkat|canonicalize)\b|\bfs::read_link\b|\.read_link\(\)|\bfs::{[^}]*\bread_link\b|\bfs::\*/,
};

/** Returns whether TypeScript code reaches a function of that kind, under any name. */
export function typescriptReaches(access: PathAccess, text: string): boolean {
  let rest = withoutComments(text);
  for (const pattern of namedImports) {
    for (const [statement, names = ""] of rest.matchAll(pattern)) {
      if (typescriptNames[access].test(names) || /\b(promises|default)\b/.test(names)) return true;
      rest = rest.replace(statement, "");
    }
  }
  return wholeModule.some((pattern) => pattern.test(rest));
}

/** Returns whether the shipped part of Rust code names a function of that kind. */
export function rustReaches(access: PathAccess, text: string): boolean {
  const shipped = text.split(/^#\[cfg\(test\)\]\nmod tests {/m)[0] ?? "";
  return rustNames[access].test(withoutComments(shipped));
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}
