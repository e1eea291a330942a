import { ExitError } from "../../output/exit.ts";
import { printError } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";
import { stopDaemon } from "./stop-daemon.ts";

/** Stops the daemon. `src/main.ts` handles `tbox daemon` without arguments. */
export const daemonCommand = command({
  name: "daemon",
  summary: "Run the daemon in the foreground, or stop the running one",
  description:
    "Containers continue without the daemon; the next daemon finds them. Every other command starts a daemon in the background if none runs.",
  synopsis: "[stop]",
  flags: {},
  arguments: exactly(1),
  examples: [
    { line: "tbox daemon", purpose: "Run the daemon in the foreground" },
    { line: "tbox daemon stop", purpose: "Stop the running daemon" },
  ],
  async run({ positionals: [action] }) {
    if (action !== "stop")
      throw new ExitError(`unknown command: tbox daemon ${action}\n\nSee 'tbox daemon --help'.`, 1);
    if ((await stopDaemon()) === "none") printError("no daemon is running");
    return 0;
  },
});
