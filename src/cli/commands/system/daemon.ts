import { ExitError } from "../../output/exit.ts";
import { printError } from "../../output/output.ts";
import { command } from "../../registry/command.ts";
import { stopDaemon } from "./stop-daemon.ts";

/** `tbox daemon` itself never gets here: it is another program in the same file. */
export const daemonCommand = command({
  synopsis: "[stop]",
  description:
    "Run the daemon in the foreground, or stop the one that runs. Containers go on without it; the next\n" +
    "daemon finds them. Every other command starts a daemon in the background if there is none.",
  flags: {},
  arguments: { minimum: 1, maximum: 1 },
  async run({ positionals: [action] }) {
    if (action !== "stop")
      throw new ExitError(`unknown command: tbox daemon ${action}\n\nSee 'tbox daemon --help'.`, 1);
    if (!(await stopDaemon())) printError("no daemon is running");
    return 0;
  },
});
