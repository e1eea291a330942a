import { objectAt, textAt } from "#client/json.ts";
import { bool, text } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { command, exactly } from "../../registry/command.ts";
import { attachContainer, inspectContainer } from "../../terminal/attach-container.ts";
import { checkDetachKeys, checkTerminal } from "../../terminal/session.ts";

export const attachCommand = command({
  synopsis: "[OPTIONS] CONTAINER",
  description: "Attach local standard input, output, and error streams to a running container",
  flags: {
    "detach-keys": text("Override the key sequence for detaching a container"),
    "no-stdin": bool("Do not attach STDIN"),
    "sig-proxy": bool("Proxy all received signals to the process", { initial: true }),
  },
  arguments: exactly(1),
  async run({ flags, positionals: [name = ""] }) {
    checkDetachKeys(flags["detach-keys"]);
    const container = await inspectContainer(name);
    const state = objectAt(container, "State");
    if (state.Running !== true) {
      throw new ExitError("You cannot attach to a stopped container, start it first", 1);
    }
    const config = objectAt(container, "Config");
    const tty = config.Tty === true;
    const stdin = config.OpenStdin === true && !flags["no-stdin"];
    await checkTerminal({ stdin, tty });
    return attachContainer({
      id: textAt(container, "Id"),
      name,
      tty,
      stdin,
      sigProxy: flags["sig-proxy"],
      detachKeys: flags["detach-keys"],
    });
  },
});
