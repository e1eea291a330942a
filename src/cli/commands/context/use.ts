import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { findContext } from "#client/contexts/context-store.ts";
import { currentContextFile, defaultContext } from "#client/contexts/current-context.ts";
import { print, printError } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

export const useContextCommand = command({
  name: "context use",
  summary: "Set the current context of tbox",
  description:
    "Later tbox commands talk to the daemon of the context. The context default is your own daemon. The current context of Docker's client does not change.",
  synopsis: "CONTEXT",
  flags: {},
  arguments: exactly(1),
  async run({ positionals: [name = ""] }) {
    const file = currentContextFile(process.env);
    if (name === defaultContext) rmSync(file, { force: true });
    else {
      findContext(process.env, name);
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, `${name}\n`);
    }
    await print(`${name}\n`);
    printError(`Current context is now "${name}"`, "bare");
    return 0;
  },
});
