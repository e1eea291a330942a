import { readFileSync } from "node:fs";
import { pageTitle, siteLink } from "./pages.ts";

/** A group of links in the navigation. */
export interface SidebarGroup {
  text: string;
  collapsed: boolean;
  items: { text: string; link: string }[];
}

/** Returns the navigation: the sections of `docs/README.md`, then all commands and all decisions. */
export function sidebar(repository: string, pages: ReadonlyMap<string, string>): SidebarGroup[] {
  return [
    ...sections(readFileSync(`${repository}/docs/README.md`, "utf8"), pages),
    group("Commands", "docs/cli/", (path) => pageTitle(repository, path)),
    group("Decisions", "docs/decisions/", (path) => {
      const number = Number(/(\d+)-/.exec(path)?.[1]);
      return `${number}. ${pageTitle(repository, path)}`;
    }),
  ];

  function group(text: string, directory: string, title: (path: string) => string): SidebarGroup {
    const paths = [...pages.keys()].filter(
      (path) => path.startsWith(directory) && !path.endsWith("/README.md"),
    );
    const items = paths.map((path) => ({
      text: title(path).replaceAll("`", ""),
      link: `/${pages.get(path)}`,
    }));
    return { text, collapsed: true, items };
  }
}

/** Returns a group for each section of the table of contents, with the links of its lines. */
function sections(contents: string, pages: ReadonlyMap<string, string>): SidebarGroup[] {
  return contents
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const links = [...section.matchAll(/^\| \[([^\]]+)\]\(([^)]+)\)/gm)];
      const items = links.flatMap(([, text = "", target = ""]) => {
        const link = siteLink(pages, "docs/README.md", target);
        return link === undefined ? [] : [{ text: navigationText(text), link: link.slice(1) }];
      });
      return { text: section.slice(0, section.indexOf("\n")), collapsed: false, items };
    });
}

/** Returns the text of a link without marks of Markdown, with a capital letter at its beginning. */
function navigationText(text: string): string {
  const words = text.replaceAll("`", "");
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}
