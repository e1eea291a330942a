import { readFileSync } from "node:fs";
import { checkName, hasContext, parseMetadata, saveContext } from "#client/contexts/context-store.ts";
import { invalidArgument } from "#support/errors.ts";
import { type ExportedContext, unpackContext } from "../../archives/context-archive.ts";
import { ExitError } from "../../output/exit.ts";
import { print, printError } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

/** Largest archive, as in Docker's client. */
const largest = 10 * 1024 * 1024;

export const importContextCommand = command({
  name: "context import",
  summary: "Import a context from a tar file",
  synopsis: "CONTEXT FILE|-",
  flags: {},
  arguments: exactly(2),
  async run({ positionals: [name = "", path = ""] }) {
    checkName(name);
    if (hasContext(process.env, name)) throw new ExitError(`context "${name}" already exists`, 1);
    const { metadata, files } = await readArchive(path);
    saveContext(process.env, { ...parseMetadata(metadata, path), Name: name }, files);
    await print(`${name}\n`);
    printError(`Successfully imported context "${name}"`, "bare");
    return 0;
  },
});

async function readArchive(path: string): Promise<ExportedContext> {
  const bytes = path === "-" ? Buffer.from(await Bun.stdin.arrayBuffer()) : readFileSync(path);
  if (bytes.byteLength > largest) throw new ExitError(`${path} is larger than ${largest} bytes`, 1);
  const context = await unpackContext(bytes).catch((cause: unknown) => {
    throw invalidArgument(`${path} is not a tar archive`, cause);
  });
  if (context === undefined)
    throw new ExitError(`${path} has no meta.json: it is not an exported context`, 1);
  return context;
}
