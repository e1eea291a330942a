import { ownProgram } from "#client/daemon/daemon-program.ts";
import { ownSocket } from "#client/daemon/socket-path.ts";
import { print } from "../../../output/output.ts";
import { stopDaemon } from "../stop-daemon.ts";
import { daemonVariables, planUnits } from "./units.ts";
import { type UserSystemd, writeUnits } from "./user-systemd.ts";

/** Names of the units. */
export const unitNames = ["tbox.socket", "tbox.service"];

/** Installs and enables the units for this program and its environment. */
export async function setUpSystemd(systemd: UserSystemd): Promise<void> {
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
  await systemd.control("enable", ...unitNames);
  await systemd.control("restart", "tbox.socket");
  await print(`systemd listens on ${(await ownSocket()).path}; the units are in ${systemd.directory}\n`);
  if (!systemd.lingers) {
    await print(
      "systemd stops the daemon and its containers when you log out. To keep them: loginctl enable-linger\n",
    );
  }
}
