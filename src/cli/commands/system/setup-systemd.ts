import { ownProgram } from "#client/daemon/daemon-program.ts";
import { ownSocket } from "#client/daemon/socket-path.ts";
import { bool } from "../../flags/kinds.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";
import { stopDaemon } from "./stop-daemon.ts";
import { daemonVariables, planUnits } from "./systemd/units.ts";
import { findUserSystemd, removeUnits, type UserSystemd, writeUnits } from "./systemd/user-systemd.ts";

const names = ["tbox.socket", "tbox.service"];

export const setupSystemdCommand = command({
  name: "setup systemd",
  summary: "Start the daemon through systemd user units",
  description:
    "Installs a socket unit and a service unit for your systemd instance. The daemon starts when tbox or another client of the API connects, and its containers can use every cgroup controller that systemd delegates to you. Other users are not affected.",
  synopsis: "[OPTIONS]",
  flags: { remove: bool("Remove the units; commands start the daemon themselves again") },
  arguments: exactly(0),
  examples: [
    { line: "tbox setup systemd", purpose: "Install and enable the units" },
    { line: "tbox setup systemd --remove", purpose: "Remove the units" },
  ],
  async run({ flags: { remove } }) {
    const systemd = findUserSystemd(process.env);
    await (remove ? removeSetup(systemd) : setUp(systemd));
    return 0;
  },
});

async function setUp(systemd: UserSystemd): Promise<void> {
  const { environment, command: program } = ownProgram();
  const units = planUnits({
    command: program,
    socket: environment.TBOX_RUN_DIR ? (await ownSocket()).path : "%t/tbox/tbox.sock",
    environment: daemonVariables(environment),
  });
  writeUnits(systemd.directory, units);
  await systemd.control("daemon-reload");
  // A running daemon would lose its socket to systemd. Containers continue.
  await stopDaemon();
  await systemd.control("enable", ...names);
  await systemd.control("restart", "tbox.socket");
  await print(`systemd listens on ${(await ownSocket()).path}; the units are in ${systemd.directory}\n`);
  if (!systemd.lingers) {
    await print(
      "systemd stops the daemon and its containers when you log out. To keep them: loginctl enable-linger\n",
    );
  }
}

async function removeSetup(systemd: UserSystemd): Promise<void> {
  const present = names.some((name) => Bun.file(`${systemd.directory}/${name}`).size > 0);
  if (!present) return print(`no tbox units in ${systemd.directory}\n`);
  await systemd.control("disable", "--now", ...names);
  removeUnits(systemd.directory, names);
  await systemd.control("daemon-reload");
  await print("systemd no longer listens for the daemon\n");
}
