import { existsSync } from "node:fs";

/** Whether systemd keeps this machine's cgroups. */
export function isManaged(): boolean {
  return existsSync("/run/systemd/system");
}

export interface ScopedCommand {
  command: string[];
  environment: Record<string, string>;
}

/**
 * A command that gets a scope of the user's own systemd to itself, with all controllers delegated; nothing where
 * the user has no systemd. `runtime` is the parent of the users' runtime directories.
 */
export function scoped(command: string[], uid: number, runtime = "/run/user"): ScopedCommand | undefined {
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
