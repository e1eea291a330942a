import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** The script in the site's directory that searches pages opened as files. */
const script = "assets/search-from-files.js";

/** Loads the script in a page that was opened as a file. `siteDirectory` is the variable of `relative-base.ts`. */
export const loadSearch = `<script>if(location.protocol==="file:")addEventListener("DOMContentLoaded",()=>{const s=document.createElement("script");s.src=siteDirectory+"${script}";document.body.append(s)})</script>`;

/** Writes the script: MiniSearch, which VitePress searches with, VitePress's index of the pages, and the dialog. */
export function makeSearch(site: string): void {
  const here = import.meta.dirname;
  const chunks = `${site}/assets/chunks`;
  const chunk = readdirSync(chunks).find((name) => name.startsWith("@localSearchIndex"));
  const [index] = /`[\s\S]*`/.exec(readFileSync(`${chunks}/${chunk}`, "utf8")) ?? [];
  if (index === undefined) throw new Error(`${chunks} has no search index of VitePress`);
  const library = readFileSync(`${here}/node_modules/minisearch/dist/umd/index.js`, "utf8");
  const dialog = readFileSync(`${here}/search-from-files.js`, "utf8");
  writeFileSync(`${site}/${script}`, `${library}\nconst index=${index};\n${dialog}`);
}
