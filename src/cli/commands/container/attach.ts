import { fetchJson } from "#client/endpoints.ts";
import { bool, text } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { command, exactly } from "../../registry/command.ts";
import { checkDetachKeys, checkTerminal } from "../../terminal/session.ts";
import { attachContainer } from "./attach/attach-container.ts";

export const attachCommand = command({
  name: "attach",
  aliases: ["container attach"],
  summary: "Attach local standard input, output, and error streams to a running container",
  synopsis: "[OPTIONS] CONTAINER",
  flags: {
    "detach-keys": text("Override the key sequence for detaching a container"),
    "no-stdin": bool("Do not attach STDIN"),
    "sig-proxy": bool("Proxy all received signals to the process", { initial: true }),
  },
  arguments: exactly(1),
  examples: [
    {
      line: "tbox attach web",
      purpose: "Attach to a container; CTRL-p CTRL-q detaches from one with a terminal",
    },
  ],
  remote: true,
  async run({ flags, positionals: [name = ""] }) {
    checkDetachKeys(flags["detach-keys"]);
    const { Id: id, State, Config } = await fetchJson("GET /containers/{name}/json", { name });
    if (!State.Running) {
      throw new ExitError("You cannot attach to a stopped container, start it first", 1);
    }
    const { Tty: tty, OpenStdin } = Config;
    const stdin = OpenStdin && !flags["no-stdin"];
    await checkTerminal({ stdin, tty });
    return attachContainer({
      id,
      name,
      tty,
      stdin,
      sigProxy: flags["sig-proxy"],
      detachKeys: flags["detach-keys"],
    });
  },
});
