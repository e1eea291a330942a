/**
 * Finds code that changes mode, owner or time of a path, or that could do so under another name. A path that others may
 * change can lead elsewhere by then; a descriptor cannot.
 */

/** Functions of `node:fs` that change attributes of a path. */
const typescriptNames = /\bl?(chmod|chown|utimes)(Sync)?\b/;

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

/** Functions of rustix, the C library and std that change attributes of a path. `fchmod` and its like are not among them. */
const rustNames =
  /(?<!")\b(chmodat|chownat|utimensat|lchown|lutimes|futimesat|set_permissions|fchmodat2?|fchownat|chownat)\b|\bfs::(chmod|chown)\b|\blibc::(chmod|chown|utimes?)\b|\bfs::{[^}]*\b(chmod|chown)\b|\bfs::\*/;

/** Returns whether TypeScript code reaches such a function, under any name. */
export function typescriptReachesAttributes(text: string): boolean {
  let rest = withoutComments(text);
  for (const pattern of namedImports) {
    for (const [statement, names = ""] of rest.matchAll(pattern)) {
      if (typescriptNames.test(names) || /\b(promises|default)\b/.test(names)) return true;
      rest = rest.replace(statement, "");
    }
  }
  return wholeModule.some((pattern) => pattern.test(rest));
}

/** Returns whether the shipped part of Rust code names such a function. */
export function rustReachesAttributes(text: string): boolean {
  const shipped = text.split(/^#\[cfg\(test\)\]\nmod tests {/m)[0] ?? "";
  return rustNames.test(withoutComments(shipped));
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}
