import { expect, test } from "bun:test";
import { repository } from "#test/support/repository.ts";
import { siteLink, sitePages } from "../../scripts/site/pages.ts";
import { withRelativeBase } from "../../scripts/site/relative-base.ts";
import { sidebar } from "../../scripts/site/sidebar.ts";

const pages = sitePages(repository);

test.each([
  ["docs/guides/ci.md", "testcontainers.md", "./testcontainers.md"],
  ["docs/guides/ci.md", "../../README.md#install", "./../index.md#install"],
  ["README.md", "docs/cli/README.md", "./cli/index.md"],
  ["README.md", "docs/decisions/", "./decisions/index.md"],
  ["docs/style.md", "https://example.org/a.md", "https://example.org/a.md"],
  ["docs/style.md", "#names", "#names"],
  ["docs/judges.md", "../test/judges/README.md", undefined],
])("a link on %s to %s leads to %s", (page, target, expected) => {
  expect(siteLink(pages, page, target)).toBe(expected);
});

test("the navigation has every page but the first and the table of contents", () => {
  const linked = sidebar(repository, pages).flatMap(({ items }) => items.map(({ link }) => link.slice(1)));
  const others = ["index.md", "contents.md", "reporting.md"];
  expect([...new Set(linked), ...others].sort()).toEqual([...pages.values()].sort());
});

test.each([
  ["a/b.html", '<head></head><a href="/@site@/x.html">', 'href="../x.html"'],
  ["assets/a.css", "url(/@site@/assets/font.woff2)", "url(../assets/font.woff2)"],
  ["assets/a.js", 'return"/@site@/"+e', "return(siteDirectory)+e"],
  ["assets/a.js", "`/@site@/a.html`", `\`\${siteDirectory}a.html\``],
])("the address of the site in %s becomes relative", (path, text, expected) => {
  const relative = withRelativeBase(path, text);
  expect(relative).toContain(expected);
  expect(relative).not.toContain("@site@");
});
