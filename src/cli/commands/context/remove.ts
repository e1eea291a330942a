import { rmSync } from "node:fs";
import { checkName, findContext, removeContext } from "#client/contexts/context-store.ts";
import { currentContext, currentContextFile } from "#client/contexts/current-context.ts";
import { forEachName } from "../../arguments/for-each-name.ts";
import { bool } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { atLeast, command } from "../../registry/command.ts";

export const removeContextCommand = command({
  name: "context rm",
  aliases: ["context remove"],
  summary: "Remove one or more contexts",
  synopsis: "[OPTIONS] CONTEXT [CONTEXT...]",
  flags: { force: bool("Force the removal of a context in use", { short: "f" }) },
  arguments: atLeast(1),
  async run({ flags: { force }, positionals }) {
    const current = await currentContext(process.env);
    return forEachName(positionals, async (name) => {
      checkName(name);
      if (!force) findContext(process.env, name);
      if (name === current && !force) {
        throw new ExitError(`context "${name}" is in use, set -f flag to force remove`, 1);
      }
      if (name === current) rmSync(currentContextFile(process.env), { force: true });
      removeContext(process.env, name);
      return `${name}\n`;
    });
  },
});
