import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";

/** Addresses of pages whose address is not their path below `docs/`. */
const special: Record<string, string> = {
  "README.md": "index.md",
  "docs/README.md": "contents.md",
  "CHANGELOG.md": "changelog.md",
  "CONTRIBUTING.md": "contributing.md",
  "SECURITY.md": "reporting.md",
};

/** Returns the pages of the site: the address of each Markdown file, both with their extension. */
export function sitePages(repository: string): Map<string, string> {
  const below = readdirSync(`${repository}/docs`, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => `docs/${path}`);
  const paths = [...new Set([...Object.keys(special), ...below])].sort();
  return new Map(paths.map((path) => [path, address(path)]));
}

function address(path: string): string {
  return special[path] ?? path.replace(/^docs\//, "").replace(/(^|\/)README\.md$/, "$1index.md");
}

/**
 * Returns the target of a link on a page of the site. Returns undefined if the link leads to a file that the site does not
 * have, such as a source file.
 */
export function siteLink(
  pages: ReadonlyMap<string, string>,
  path: string,
  target: string,
): string | undefined {
  if (/^([a-z]+:|#)/.test(target)) return target;
  const [file = "", anchor] = target.split("#");
  const found = posix.join(posix.dirname(path), file);
  const other = pages.get(found) ?? pages.get(posix.join(found, "README.md"));
  if (other === undefined) return undefined;
  const relative = posix.relative(posix.dirname(pages.get(path) ?? path), other);
  return `./${relative}${anchor === undefined ? "" : `#${anchor}`}`;
}

/** Returns the text of the first heading. */
export function pageTitle(repository: string, path: string): string {
  const heading = /^# (.*)$/m.exec(readFileSync(`${repository}/${path}`, "utf8"));
  return heading?.[1] ?? path;
}
