import { invalidArgument } from "./errors.ts";

export type Environment = Record<string, string | undefined>;

/** Returns the directory of the store: `TBOX_DATA_DIR`, `$XDG_DATA_HOME/tbox` or `~/.local/share/tbox`. */
export function dataDirectory(environment: Environment): string {
  const own = explicitDirectory(environment, "TBOX_DATA_DIR");
  if (own) return own;
  if (isAbsolute(environment.XDG_DATA_HOME)) return `${environment.XDG_DATA_HOME}/tbox`;
  if (isAbsolute(environment.HOME)) return `${environment.HOME}/.local/share/tbox`;
  throw invalidArgument("HOME is not set: set HOME or TBOX_DATA_DIR to an absolute path");
}

/**
 * Returns the directory of the sockets: `TBOX_RUN_DIR`, `$XDG_RUNTIME_DIR/tbox` if that runtime directory is private
 * to `uid`, or `/tmp/tbox-<uid>`. Another user may have created or replaced it, so callers check its owner.
 *
 * Avoids `node:fs`, whose first import takes a millisecond of every command.
 */
export async function runDirectory(environment: Environment, uid: number): Promise<string> {
  const own = explicitDirectory(environment, "TBOX_RUN_DIR");
  if (own) return own;
  const session = environment.XDG_RUNTIME_DIR;
  return isAbsolute(session) && (await isPrivate(session, uid)) ? `${session}/tbox` : `/tmp/tbox-${uid}`;
}

/**
 * Returns the directory of the sockets if it is known without disk access, which would delay every command by most of a
 * millisecond.
 */
export function knownRunDirectory(environment: Environment, uid: number): string | undefined {
  const own = explicitDirectory(environment, "TBOX_RUN_DIR");
  if (own) return own;
  return environment.XDG_RUNTIME_DIR === sessionDirectory(uid) ? `${sessionDirectory(uid)}/tbox` : undefined;
}

/** Reports whether a path is below `/run/user/<uid>`, which only root can create, and makes private to the user. */
export function isBelowSession(path: string, uid: number): boolean {
  return path.startsWith(`${sessionDirectory(uid)}/`) && !path.split("/").includes("..");
}

function sessionDirectory(uid: number): string {
  return `/run/user/${uid}`;
}

async function isPrivate(path: string, uid: number): Promise<boolean> {
  try {
    const status = await Bun.file(path).stat();
    return status.isDirectory() && status.uid === uid && (status.mode & 0o077) === 0;
  } catch {
    return false;
  }
}

function explicitDirectory(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  if (value === undefined || value === "") return undefined;
  if (!isAbsolute(value)) throw invalidArgument(`${name} must be an absolute path: ${value}`);
  return value;
}

function isAbsolute(path: string | undefined): path is string {
  return path?.startsWith("/") === true;
}
