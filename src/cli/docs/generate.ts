import { readdirSync, rmSync } from "node:fs";
import { committedFiles, manualPages } from "./generated-files.ts";

const root = `${import.meta.dir}/../../..`;

/** Removes the pages of commands that no longer exist. */
function removeStale(directory: string, current: Map<string, string>): void {
  for (const name of readdirSync(`${root}/${directory}`)) {
    if (!current.has(`${directory}/${name}`)) rmSync(`${root}/${directory}/${name}`);
  }
}

const committed = await committedFiles();
const manual = await manualPages();
for (const [path, text] of [...committed, ...manual]) await Bun.write(`${root}/${path}`, text);
removeStale("docs/cli", committed);
removeStale("dist/man/man1", manual);
