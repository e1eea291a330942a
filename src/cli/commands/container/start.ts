import { pathTo, request } from "#client/api.ts";
import { fetchJson } from "#client/endpoints.ts";
import { forEachName } from "../../arguments/for-each-name.ts";
import { bool, text, unsupported } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { atLeast, command } from "../../registry/command.ts";
import { checkDetachKeys, checkTerminal } from "../../terminal/session.ts";
import { attachContainer } from "./attach/attach-container.ts";

export const startCommand = command({
  name: "start",
  aliases: ["container start"],
  summary: "Start one or more stopped containers",
  synopsis: "[OPTIONS] CONTAINER [CONTAINER...]",
  flags: {
    attach: bool("Attach STDOUT/STDERR and forward signals", { short: "a" }),
    checkpoint: unsupported("Restore from this checkpoint"),
    "checkpoint-dir": unsupported("Use a custom checkpoint storage directory"),
    "detach-keys": text("Override the key sequence for detaching a container"),
    interactive: bool("Attach container's STDIN", { short: "i" }),
  },
  arguments: atLeast(1),
  examples: [
    { line: "tbox start web", purpose: "Start a container in the background" },
    { line: "tbox start -ai shell", purpose: "Start a container and attach to it" },
  ],
  remote: true,
  async run({ flags, positionals }) {
    const [name = ""] = positionals;
    const start = (one: string) => request("POST", pathTo("containers", one, "/start"));
    if (!flags.attach && !flags.interactive) {
      return forEachName(positionals, async (one) => {
        await start(one);
        return `${one}\n`;
      });
    }
    if (positionals.length > 1)
      throw new ExitError("you cannot start and attach multiple containers at once", 1);
    checkDetachKeys(flags["detach-keys"]);
    const { Id: id, Config } = await fetchJson("GET /containers/{name}/json", { name });
    const { Tty: tty, OpenStdin } = Config;
    const stdin = flags.interactive && OpenStdin;
    await checkTerminal({ stdin, tty });
    return attachContainer({
      id,
      name,
      tty,
      stdin,
      sigProxy: true,
      detachKeys: flags["detach-keys"],
      start: async () => void (await start(id)),
    });
  },
});
