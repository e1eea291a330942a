import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { type BrowserPage, browserUnavailable, openBrowser } from "#test/support/browser.ts";
import { printed } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import { sitePages } from "../../scripts/site/pages.ts";
import { serveFolder } from "./serve-folder.ts";

// A build and a browser take long on a busy machine.
setDefaultTimeout(300_000);

const generator = "scripts/site/node_modules";
const obstacle = existsSync(`${repository}/${generator}/vitepress`)
  ? undefined
  : `${generator} is not installed: run npm run site`;
if (obstacle !== undefined) console.error(`skipped the site: ${obstacle}`);

describe.skipIf(obstacle !== undefined)("the documentation's site", () => {
  const opened = new AsyncDisposableStack();
  const directory = opened.use(temporaryDirectory("site")).path;
  const site = `${directory}/dist/site`;
  const files = () => readdirSync(site, { recursive: true, encoding: "utf8" });
  // The user of the tests cannot write to the clone, so the site is built in a copy of its sources.
  beforeAll(async () => {
    const pages = [...sitePages(repository).keys()].filter((path) => !path.startsWith("docs/"));
    for (const path of ["docs", "package.json", "scripts/site", ...pages]) {
      const filter = (from: string) => !from.includes("/node_modules");
      cpSync(`${repository}/${path}`, `${directory}/${path}`, { recursive: true, filter });
    }
    // VitePress puts a link to Vue into the project's node_modules meanwhile.
    mkdirSync(`${directory}/node_modules`);
    for (const path of ["node_modules/.bin", generator]) {
      symlinkSync(`${repository}/${path}`, `${directory}/${path}`);
    }
    await printed([`${directory}/scripts/site/build`, "--installed"]);
  });
  afterAll(() => opened.disposeAsync());

  test("has a page for each page of the documentation", () => {
    const expected = [...sitePages(repository).values()].map((page) => page.replace(/\.md$/, ".html"));
    expect(
      files()
        .filter((path) => path.endsWith(".html"))
        .sort(),
    ).toEqual([...expected, "404.html"].sort());
  });

  test("links only to files and headings that exist", () => {
    const known = new Set(files());
    const texts = new Map<string, string>();
    const read = (path: string) => {
      const text = texts.get(path) ?? readFileSync(`${site}/${path}`, "utf8");
      texts.set(path, text);
      return text;
    };
    const dead: string[] = [];
    for (const page of [...known].filter((path) => path.endsWith(".html"))) {
      for (const [, target = ""] of read(page).matchAll(/ (?:href|src)="([^"]*)"/g)) {
        const { origin, pathname, hash } = new URL(target.replaceAll("&amp;", "&"), `http://site/${page}`);
        if (origin !== "http://site") continue;
        const path = pathname.slice(1).replace(/(^|\/)$/, "$1index.html");
        const anchor = decodeURIComponent(hash.slice(1));
        const isThere = known.has(path) && (anchor === "" || read(path).includes(` id="${anchor}"`));
        if (!isThere) dead.push(`${page}: ${target}`);
      }
    }
    expect(dead).toEqual([]);
  });

  describe.skipIf(browserUnavailable !== undefined)("in a browser", () => {
    // Every kind of content: long tables, code, diagrams, pictures, lists.
    const pages = ["index", "contents", "architecture", "compatibility", "flows/run", "cli/run", "changelog"];
    const guides = readdirSync(`${repository}/docs/guides`).map(
      (name) => `guides/${name.replace(/\.md$/, "")}`,
    );
    let browser: BrowserPage;
    let server: ReturnType<typeof serveFolder>;
    const at = (path: string) => `${server.address}${path}`;
    beforeAll(async () => {
      // The site must work below the root of a server, too.
      server = opened.adopt(serveFolder(site, "/any/folder/"), (used) => used.stop());
      browser = opened.use(await openBrowser(`${directory}/profile`));
    });

    test.each([1280, 390])("no page is wider than a window of %i pixels", async (width) => {
      await browser.resize(width, 900);
      const wide: string[] = [];
      for (const page of [...pages, ...guides]) {
        await browser.open(at(`${page}.html`));
        const isWide = await browser.evaluate("document.documentElement.scrollWidth > innerWidth");
        if (isWide !== false) wide.push(page);
      }
      expect(wide).toEqual([]);
    });

    test("the search finds the guide and the command for a word", async () => {
      await browser.resize(1280, 900);
      await browser.open(at("guides/files.html"));
      // A click is lost before the page's scripts have run.
      await until(async () => {
        await browser.evaluate("document.querySelector('.DocSearch-Button').click()");
        return (await browser.evaluate("document.querySelector('#localsearch-input') !== null")) === true;
      });
      await browser.evaluate(`(() => {
        const input = document.querySelector("#localsearch-input");
        input.value = "port";
        input.dispatchEvent(new Event("input"));
      })()`);
      const found = "[...document.querySelectorAll('a.result')].map((link) => link.href)";
      let links: unknown[] = [];
      await until(async () => {
        const value = await browser.evaluate(found);
        links = Array.isArray(value) ? value : [];
        return links.length > 0;
      });
      expect(links).toContain(at("cli/port.html#tbox-port"));
      expect(links).toContain(at("guides/networks.html#published-ports"));
    });

    test("the search also works when the pages are opened as files", async () => {
      await browser.open(`file://${site}/guides/files.html`);
      await until(async () => (await browser.evaluate("document.querySelector('dialog') !== null")) === true);
      await browser.evaluate(`(() => {
        document.querySelector(".DocSearch-Button").click();
        const input = document.querySelector("dialog[open] input");
        input.value = "published port";
        input.dispatchEvent(new Event("input"));
      })()`);
      const found = "[...document.querySelectorAll('dialog a.result')].map((link) => link.href)";
      expect(await browser.evaluate(found)).toContain(`file://${site}/guides/networks.html#published-ports`);
    });

    test("the navigation leads to pages of other folders without a new load", async () => {
      await browser.resize(1280, 900);
      await browser.open(at("guides/files.html"));
      // Without the page's scripts, a click loads the next page.
      await until(
        async () => (await browser.evaluate("document.querySelector('.is-active') !== null")) === true,
      );
      await browser.evaluate("window.isSamePage = true");
      for (const path of ["architecture.html", "guides/networks.html", "flows/run.html", "cli/"]) {
        const link = `.VPSidebar a[href$="${path}"], .VPSidebar a[href$="${path}index.html"]`;
        await browser.evaluate(`document.querySelector(${JSON.stringify(link)}).click()`);
        await until(async () => (await browser.evaluate("location.href")) === at(path));
        await until(
          async () => (await browser.evaluate("document.querySelector('.vp-doc h1') !== null")) === true,
        );
      }
      expect(await browser.evaluate("window.isSamePage")).toBe(true);
    });

    test("the pages ask the server only for files that exist, and no other server", async () => {
      expect(server.missing).toEqual([]);
      expect(
        await browser.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)"),
      ).toEqual(expect.not.arrayContaining([expect.not.stringContaining(server.address)]));
    });
  });
});
