import { pathTo, request } from "#client/api.ts";
import { removeData } from "#client/daemon/remove-data.ts";
import { daemonSocket } from "#client/daemon/socket-path.ts";
import { fetchJson } from "#client/endpoints.ts";
import { dataDirectory, runDirectory } from "#support/directories.ts";
import { bool } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";
import { confirm } from "../../terminal/confirm.ts";
import { isRunning, stopDaemon } from "./stop-daemon.ts";

export const resetSystemCommand = command({
  name: "system reset",
  summary: "Remove all containers, images, volumes, networks and build cache",
  description:
    "Ends every container and the daemon, and deletes the store and the sockets, with the files of subordinate ids. Needs no root. The configuration and credentials stay.",
  synopsis: "[OPTIONS]",
  flags: { force: bool("Do not prompt for confirmation", { short: "f" }) },
  arguments: exactly(0),
  examples: [{ line: "tbox system reset", purpose: "Remove everything after a question" }],
  async run({ flags: { force } }) {
    const { address, directory } = await daemonSocket();
    const uid = process.getuid?.() ?? -1;
    if (address !== undefined || directory !== (await runDirectory(process.env, uid))) {
      throw new ExitError(
        "tbox system reset removes only your own store: call it without -H and --context",
        1,
      );
    }
    const store = dataDirectory(process.env);
    const warning = `This will remove:\n  - all containers, also running ones\n  - all images, volumes, networks and build cache\n  - the directory ${store}\n`;
    if (!(await confirm(warning, force))) return 0;
    if (await Bun.file(`${store}/tbox.db`).exists()) await removeContainers();
    const stopped = await stopDaemon();
    const listener = stopped === "systemd" ? "tbox.sock" : undefined;
    const { directories } = await removeData(process.env, uid, listener);
    for (const path of directories) await print(`removed ${path}\n`);
    return 0;
  },
});

/** Removes all containers, because their processes would continue without the store. */
async function removeContainers(): Promise<void> {
  try {
    const containers = await fetchJson("GET /containers/json", { query: { all: "1" } });
    const query = { force: "1", v: "1" };
    await Promise.all(containers.map(({ Id }) => request("DELETE", pathTo("containers", Id), { query })));
  } catch (error) {
    // No daemon starts over a damaged database. `removeData` ends the containers then.
    if (await isRunning(await daemonSocket())) throw error;
  }
}
