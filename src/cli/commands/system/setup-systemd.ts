import { bool } from "../../flags/kinds.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";
import { setUpSystemd, unitNames } from "./systemd/set-up-systemd.ts";
import { findUserSystemd, removeUnits, type UserSystemd } from "./systemd/user-systemd.ts";

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
    await (remove ? removeSetup(systemd) : setUpSystemd(systemd));
    return 0;
  },
});

async function removeSetup(systemd: UserSystemd): Promise<void> {
  const present = unitNames.some((name) => Bun.file(`${systemd.directory}/${name}`).size > 0);
  if (!present) return print(`no tbox units in ${systemd.directory}\n`);
  await systemd.control("disable", "--now", ...unitNames);
  removeUnits(systemd.directory, unitNames);
  await systemd.control("daemon-reload");
  await print("systemd no longer listens for the daemon\n");
}
