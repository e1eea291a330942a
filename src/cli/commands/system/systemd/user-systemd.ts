import { existsSync, lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { ExitError } from "../../../output/exit.ts";

/** The user's own systemd. */
export interface UserSystemd {
  /** Where the user's units are. */
  directory: string;
  /** Whether it goes on when the user has logged out. */
  lingers: boolean;
  /** Runs `systemctl --user`; throws with what it said when it fails. */
  control(...words: string[]): Promise<void>;
}

/** Finds the user's systemd; throws, with what to do, where there is none. */
export function findUserSystemd(environment: Record<string, string | undefined>): UserSystemd {
  const { uid, username, homedir } = userInfo();
  const runtime = `/run/user/${uid}`;
  if (!existsSync(`${runtime}/systemd/private`)) {
    const reason = existsSync("/run/systemd/system")
      ? `it is not running: sudo loginctl enable-linger ${username}`
      : "this machine is not run by systemd: every tbox command starts the daemon when there is none";
    throw new ExitError(`user ${username} has no systemd of their own: ${reason}`, 1);
  }
  if (environment.XDG_RUNTIME_DIR !== runtime && environment.TBOX_RUN_DIR === undefined) {
    throw new ExitError(
      `XDG_RUNTIME_DIR is not ${runtime}, where systemd would listen: export XDG_RUNTIME_DIR=${runtime}`,
      1,
    );
  }
  const own = { ...environment, XDG_RUNTIME_DIR: runtime };
  const bus = environment.DBUS_SESSION_BUS_ADDRESS ?? `unix:path=${runtime}/bus`;
  return {
    directory: `${environment.XDG_CONFIG_HOME || `${environment.HOME || homedir}/.config`}/systemd/user`,
    lingers: existsSync(`/var/lib/systemd/linger/${username}`),
    async control(...words) {
      const command = ["systemctl", "--user", ...words];
      const child = Bun.spawn(command, {
        env: { ...own, DBUS_SESSION_BUS_ADDRESS: bus },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const [said, code] = await Promise.all([child.stderr.text(), child.exited]);
      if (code !== 0) throw new ExitError(`${command.join(" ")}: ${said.trim() || `code ${code}`}`, 1);
    },
  };
}

/** Writes files into the directory, each at once; variables in them may be secret. */
export function writeUnits(directory: string, units: Record<string, string>): void {
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(units)) {
    const path = `${directory}/${name}`;
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
}

/** Removes those that are there; gives their names. */
export function removeUnits(directory: string, names: string[]): string[] {
  const present = names.filter((name) => lstatSync(`${directory}/${name}`, { throwIfNoEntry: false }));
  for (const name of present) rmSync(`${directory}/${name}`);
  return present;
}
