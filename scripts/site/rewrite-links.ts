import { relative } from "node:path";
import { siteLink } from "./pages.ts";

/** The used part of a Markdown token. */
interface Token {
  type: string;
  children: Token[] | null;
  attrGet(name: string): string | null;
  attrSet(name: string, value: string): void;
}

/** The used part of markdown-it. */
interface Markdown {
  core: {
    ruler: {
      push(
        name: string,
        rule: (state: { tokens: Token[]; env: { realPath?: string; path?: string } }) => void,
      ): void;
    };
  };
}

/** Rewrites links to the addresses of the site. A link to a file that the site does not have becomes text. */
export function rewriteLinks(
  markdown: Markdown,
  repository: string,
  pages: ReadonlyMap<string, string>,
): void {
  markdown.core.ruler.push("site-links", ({ tokens, env: { realPath, path } }) => {
    const page = relative(repository, realPath ?? path ?? "");
    for (const token of tokens) token.children = token.children && rewrite(token.children, page);
  });

  function rewrite(tokens: Token[], page: string): Token[] {
    let dropped = false;
    return tokens.filter((token) => {
      // Braces in code are no expressions of Vue.
      if (token.type === "code_inline") token.attrSet("v-pre", "");
      if (token.type === "link_open") {
        const link = siteLink(pages, page, token.attrGet("href") ?? "");
        dropped = link === undefined;
        if (link !== undefined) token.attrSet("href", link);
        return !dropped;
      }
      if (token.type !== "link_close") return true;
      const kept = !dropped;
      dropped = false;
      return kept;
    });
  }
}
