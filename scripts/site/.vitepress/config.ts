import { resolve } from "node:path";
import footnotes from "markdown-it-footnote";
import { defineConfig } from "vitepress";
import { headingAnchor } from "../heading-anchor.ts";
import { sitePages } from "../pages.ts";
import { placeholder } from "../relative-base.ts";
import { rewriteLinks } from "../rewrite-links.ts";
import { sidebar } from "../sidebar.ts";

const repository = resolve(import.meta.dirname, "../../..");
const pages = sitePages(repository);

/** Styles that widen the content at the cost of the navigation, for tables and command lines. */
const wideContent = `
:root { --vp-sidebar-width: 232px; }
.VPDoc.has-aside .content-container.content-container { max-width: 900px; }
.VPDoc .aside.aside { max-width: 216px; padding-left: 24px; }
.files-search { width: min(640px, 90vw); max-height: 80vh; margin: 10vh auto auto; padding: 16px; border: 1px solid var(--vp-c-divider); border-radius: 8px; background: var(--vp-c-bg); color: var(--vp-c-text-1); }
.files-search::backdrop { background: rgb(0 0 0 / 50%); }
.files-search input { width: 100%; padding: 8px 12px; border: 1px solid var(--vp-c-brand-1); border-radius: 4px; font-size: 16px; }
.files-search a { display: block; padding: 8px 4px; }
.files-search a:hover, .files-search a:focus { color: var(--vp-c-brand-1); }
@media (min-width: 1280px) { .VPDoc .content.content { padding: 0 16px 128px; } }
`;

export default defineConfig({
  title: "tbox",
  description: "A rootless container engine with Docker's API",
  lang: "en",
  srcDir: repository,
  // Folders without pages are not searched.
  srcExclude: ["{bench,dist,native,node_modules,rootfs-fixtures,scripts,src,test}/**"],
  cacheDir: `${repository}/scripts/site/node_modules/.cache`,
  base: placeholder,
  rewrites: Object.fromEntries(pages),
  markdown: {
    anchor: { slugify: headingAnchor },
    config(markdown) {
      markdown.use(footnotes);
      rewriteLinks(markdown, repository, pages);
    },
  },
  head: [
    // Without it, browsers ask the root of the server for an icon.
    ["link", { rel: "icon", href: "data:," }],
    ["style", {}, wideContent],
  ],
  themeConfig: {
    search: { provider: "local" },
    sidebar: sidebar(repository, pages),
    outline: [2, 3],
    docFooter: { prev: false, next: false },
  },
  vite: { build: { chunkSizeWarningLimit: 2000 } },
});
