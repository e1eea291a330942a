import { existsSync, mkdirSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { ExitError } from "../../../output/exit.ts";
import { accountName } from "../../../values/account-name.ts";

/** The user's systemd instance. */
export interface UserSystemd {
  /** Directory of the user's units. */
  directory: string;
  /** Whether the instance continues after the user logs out. */
  lingers: boolean;
  /** Runs `systemctl --user`; a failure throws its message. */
  control(...words: string[]): Promise<void>;
}

/** Finds the user's systemd instance. If there is none, throws an error that names the remedy. */
export function findUserSystemd(environment: Record<string, string | undefined>): UserSystemd {
  const { uid, homedir } = userInfo();
  const username = accountName();
  const runtime = `/run/user/${uid}`;
  if (!existsSync(`${runtime}/systemd/private`)) {
    const reason = existsSync("/run/systemd/system")
      ? `start it with: sudo loginctl enable-linger ${username}`
      : "the host does not use systemd. Without systemd, each tbox command starts the daemon if none runs";
    throw new ExitError(`user ${username} has no systemd instance: ${reason}`, 1);
  }
  if (environment.XDG_RUNTIME_DIR !== runtime && environment.TBOX_RUN_DIR === undefined) {
    throw new ExitError(
      `XDG_RUNTIME_DIR differs from the runtime directory of systemd: export XDG_RUNTIME_DIR=${runtime}`,
      1,
    );
  }
  const userEnvironment = { ...environment, XDG_RUNTIME_DIR: runtime };
  const bus = environment.DBUS_SESSION_BUS_ADDRESS ?? `unix:path=${runtime}/bus`;
  return {
    directory: `${environment.XDG_CONFIG_HOME || `${environment.HOME || homedir}/.config`}/systemd/user`,
    lingers: existsSync(`/var/lib/systemd/linger/${username}`),
    async control(...words) {
      const command = ["systemctl", "--user", ...words];
      const child = Bun.spawn(command, {
        env: { ...userEnvironment, DBUS_SESSION_BUS_ADDRESS: bus },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const [message, code] = await Promise.all([child.stderr.text(), child.exited]);
      if (code !== 0) throw new ExitError(`${command.join(" ")}: ${message.trim() || `code ${code}`}`, 1);
    },
  };
}

/** Writes unit files atomically, readable by the user only: their variables can be secret. */
export function writeUnits(directory: string, units: Record<string, string>): void {
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(units)) {
    const path = `${directory}/${name}`;
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
}

/** Removes unit files; returns the names of those that existed. */
export function removeUnits(directory: string, names: string[]): string[] {
  return names.filter((name) => {
    try {
      unlinkSync(`${directory}/${name}`);
      return true;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
      throw error;
    }
  });
}
