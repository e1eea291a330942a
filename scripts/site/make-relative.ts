import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { makeSearch } from "./make-search.ts";
import { withRelativeBase } from "./relative-base.ts";

const [site = ""] = process.argv.slice(2);

for (const path of readdirSync(site, { recursive: true, encoding: "utf8" })) {
  if (!/\.(html|css|js)$/.test(path)) continue;
  const file = `${site}/${path}`;
  writeFileSync(file, withRelativeBase(path, readFileSync(file, "utf8")));
}
makeSearch(site);
