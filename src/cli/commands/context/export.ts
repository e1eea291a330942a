import { existsSync, writeFileSync } from "node:fs";
import { findContext, readTlsFiles } from "#client/contexts/context-store.ts";
import { packContext } from "../../archives/context-archive.ts";
import { openOutput } from "../../output/byte-sink.ts";
import { ExitError } from "../../output/exit.ts";
import { printError } from "../../output/output.ts";
import { between, command } from "../../registry/command.ts";

export const exportContextCommand = command({
  name: "context export",
  summary: "Export a context to a tar archive FILE or a tar stream on STDOUT",
  synopsis: "CONTEXT [FILE|-]",
  flags: {},
  arguments: between(1, 2),
  async run({ positionals: [name = "", path = `${name}.dockercontext`] }) {
    const context = findContext(process.env, name);
    const bytes = await packContext({
      metadata: JSON.stringify(context.metadata),
      files: readTlsFiles(context),
    });
    if (path === "-") {
      if (process.stdout.isTTY)
        throw new ExitError("cowardly refusing to export to a terminal, specify a file path", 1);
      await openOutput()("stdout", bytes);
      return 0;
    }
    if (existsSync(path)) throw new ExitError(`${path} exists already`, 1);
    // The archive can contain a private key.
    writeFileSync(path, bytes, { mode: 0o600, flag: "wx" });
    printError(`Written file "${path}"`, "bare");
    return 0;
  },
});
