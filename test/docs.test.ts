import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { repository } from "#test/support/repository.ts";
import { headingAnchor } from "../scripts/site/heading-anchor.ts";

const pages = [
  ...new Bun.Glob("{docs,src}/**/*.md").scanSync(repository),
  ...new Bun.Glob("*.md").scanSync(repository),
].toSorted();

describe.each(pages)("%s", (page) => {
  test("links only to files and headings that exist", () => {
    const text = readFileSync(`${repository}/${page}`, "utf8").replace(/```.*?```/gs, "");
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
    const local = targets.filter((target) => !/^[a-z]+:/.test(target));
    expect(local.filter((target) => !leadsSomewhere(page, target))).toEqual([]);
  });

  test("names only source files that exist", () => {
    const text = readFileSync(`${repository}/${page}`, "utf8");
    const names = [...text.matchAll(/`((?:src|native|test|scripts|bench|docs)\/[\w./-]+)`/g)].map(
      ([, name = ""]) => name,
    );
    expect(names.filter((name) => !existsSync(`${repository}/${name}`))).toEqual([]);
  });
});

function leadsSomewhere(page: string, target: string): boolean {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? `${repository}/${page}` : join(repository, dirname(page), path);
  if (!existsSync(file)) return false;
  if (anchor === undefined || statSync(file).isDirectory()) return anchor === undefined;
  const headings = readFileSync(file, "utf8").match(/^#+ .*$/gm) ?? [];
  return headings.map((heading) => headingAnchor(heading.replace(/^#+ /, ""))).includes(anchor);
}

test("the list of decisions has every decision with its title", () => {
  const list = readFileSync(`${repository}/docs/decisions/README.md`, "utf8");
  const expected = [...new Bun.Glob("0*.md").scanSync(`${repository}/docs/decisions`)]
    .toSorted()
    .map((name) => {
      const [heading = ""] = readFileSync(`${repository}/docs/decisions/${name}`, "utf8").split("\n");
      return `- ${name.slice(0, 4)}: [${heading.replace("# ", "")}](${name})`;
    });
  expect(list.split("\n").filter((line) => line.startsWith("- "))).toEqual(expected);
});
