import { invalidArgument, TboxError } from "./errors.ts";

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
 * to `uid`, or `/tmp/tbox-<uid>`. Throws forbidden for a fallback directory of another user, who could answer instead
 * of the daemon.
 *
 * Avoids `node:fs`, whose first import takes a millisecond of every command.
 */
export async function runDirectory(environment: Environment, uid: number): Promise<string> {
  const own = explicitDirectory(environment, "TBOX_RUN_DIR");
  if (own) return own;
  const session = environment.XDG_RUNTIME_DIR;
  if (isAbsolute(session) && (await accessOf(session, uid)) === "private") return `${session}/tbox`;
  const fallback = `/tmp/tbox-${uid}`;
  if ((await accessOf(fallback, uid)) === "foreign") {
    throw new TboxError(
      "forbidden",
      `${fallback} is not private to user ${uid}: remove it or set TBOX_RUN_DIR to a private directory`,
    );
  }
  return fallback;
}

/**
 * Returns the directory of the sockets if it is known without disk access, which would delay every command by most of a
 * millisecond. `/run/user/<uid>` needs no check: only root can create it, and makes it private to the user.
 */
export function knownRunDirectory(environment: Environment, uid: number): string | undefined {
  const own = explicitDirectory(environment, "TBOX_RUN_DIR");
  if (own) return own;
  const session = `/run/user/${uid}`;
  return environment.XDG_RUNTIME_DIR === session ? `${session}/tbox` : undefined;
}

async function accessOf(path: string, uid: number): Promise<"private" | "foreign" | "missing"> {
  try {
    const status = await Bun.file(path).stat();
    return status.isDirectory() && status.uid === uid && (status.mode & 0o077) === 0 ? "private" : "foreign";
  } catch {
    return "missing";
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
