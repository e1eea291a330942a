import { commandIndexText } from "./command-index-text.ts";
import { findCommands } from "./find-commands.ts";
import { manOverview, manPage } from "./man-pages.ts";
import { markdownOverview, markdownPage } from "./markdown-pages.ts";
import { pageName } from "./page-name.ts";

/** Path of the command index, from the repository's root. */
const indexPath = "src/cli/registry/command-index.ts";

/** Returns the generated files of the repository: text by path from the root. */
export async function committedFiles(): Promise<Map<string, string>> {
  const defined = await findCommands();
  const commands = defined.map(({ command }) => command);
  return new Map([
    [indexPath, commandIndexText(defined)],
    ["docs/cli/README.md", markdownOverview(commands)],
    ...commands.map((one): [string, string] => [`docs/cli/${pageName(one.name)}.md`, markdownPage(one)]),
  ]);
}

/** Returns the manual pages: text by path from the repository's root. */
export async function manualPages(): Promise<Map<string, string>> {
  const commands = (await findCommands()).map(({ command }) => command);
  return new Map([
    ["dist/man/man1/tbox.1", manOverview(commands)],
    ...commands.map((one): [string, string] => [`dist/man/man1/tbox-${pageName(one.name)}.1`, manPage(one)]),
  ]);
}
