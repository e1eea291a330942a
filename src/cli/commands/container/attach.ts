import type { StateAnswer } from "#api/answers/container-inspect.ts";
import { fetchJson } from "#client/endpoints.ts";
import { bool, text } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { command, exactly } from "../../registry/command.ts";
import { checkDetachKeys, checkTerminal } from "../../terminal/session.ts";
import { attachContainer } from "./attach/attach-container.ts";

/** Returns why a client cannot attach to a container in this state. */
function obstacleOf({ Running, Paused, Restarting }: StateAnswer): string | undefined {
  if (!Running) return "stopped container, start it first";
  if (Paused) return "paused container, unpause it first";
  return Restarting ? "restarting container, wait until it is running" : undefined;
}

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
    const obstacle = obstacleOf(State);
    if (obstacle !== undefined) throw new ExitError(`You cannot attach to a ${obstacle}`, 1);
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
