import { existsSync, readdirSync, readFileSync } from "node:fs";
import { type Component, listComponents } from "./components.ts";

const isLicence = /^(licen[cs]e|copying|copyright|notice|unlicense)/i;

/** Returns the licence texts of the libraries; each text once, below the names of its libraries. */
function licenceTexts(components: Component[]): string {
  const users = new Map<string, string[]>();
  for (const component of components) {
    const label = `${component.name} ${component.version} (${component.ecosystem}, ${component.licence})`;
    const texts = textsIn(component.directory);
    for (const text of texts.length === 0 ? ["The package contains no licence text.\n"] : texts) {
      users.set(text, [...(users.get(text) ?? []), label]);
    }
  }
  const rule = "=".repeat(80);
  return [...users].map(([text, labels]) => `${rule}\n${labels.join("\n")}\n${rule}\n\n${text}\n`).join("\n");
}

function textsIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile() && isLicence.test(entry.name))
    .map(({ name }) => name)
    .toSorted();
  return names.map((name) => `${readFileSync(`${directory}/${name}`, "utf8").trim()}\n`);
}

const [target = "x86_64-unknown-linux-gnu"] = process.argv.slice(2);
process.stdout.write(
  `tbox contains the libraries below. Bun, its runtime, contains further libraries, which\nhttps://bun.sh/docs/project/license lists.\n\n${licenceTexts(listComponents(target))}`,
);
