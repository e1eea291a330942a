import { existsSync } from "node:fs";

/** Tests whether systemd manages the cgroups of this machine. */
export function isManagedBySystemd(): boolean {
  return existsSync("/run/systemd/system");
}

export interface ScopedCommand {
  command: string[];
  environment: Record<string, string>;
}

/**
 * Wraps a command to run in a separate scope of the user's systemd, with all controllers delegated. Returns undefined
 * when the user has no systemd. `runtime` is the parent of the runtime directories.
 */
export function withScope(command: string[], uid: number, runtime = "/run/user"): ScopedCommand | undefined {
  const own = `${runtime}/${uid}`;
  const program = ["/usr/bin/systemd-run", "/bin/systemd-run"].find(existsSync);
  if (program === undefined || !existsSync(`${own}/systemd/private`)) return undefined;
  return {
    command: [
      program,
      "--user",
      "--scope",
      "--quiet",
      "--collect",
      "--property=Delegate=yes",
      "--description=tbox containers",
      "--",
      ...command,
    ],
    environment: { XDG_RUNTIME_DIR: own, DBUS_SESSION_BUS_ADDRESS: `unix:path=${own}/bus` },
  };
}
