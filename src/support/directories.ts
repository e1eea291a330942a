import { invalidArgument, TboxError } from "./errors.ts";

export type Environment = Record<string, string | undefined>;

/** The store: `TBOX_DATA_DIR`, `$XDG_DATA_HOME/tbox` or `~/.local/share/tbox`. */
export function dataDirectory(environment: Environment): string {
  const own = explicitDirectory(environment, "TBOX_DATA_DIR");
  if (own) return own;
  if (isAbsolute(environment.XDG_DATA_HOME)) return `${environment.XDG_DATA_HOME}/tbox`;
  if (isAbsolute(environment.HOME)) return `${environment.HOME}/.local/share/tbox`;
  throw invalidArgument("HOME is not set: set HOME or TBOX_DATA_DIR to an absolute path");
}

/**
 * Where the sockets lie: `TBOX_RUN_DIR`, `$XDG_RUNTIME_DIR/tbox` if that runtime directory belongs to `uid`
 * and is closed to everybody else, or `/tmp/tbox-<uid>`. A fallback directory that somebody else made is
 * refused: whoever owns it could answer in the daemon's place.
 *
 * Needs no `node:fs`, whose first import costs a command a millisecond.
 */
export async function runDirectory(environment: Environment, uid: number): Promise<string> {
  const own = explicitDirectory(environment, "TBOX_RUN_DIR");
  if (own) return own;
  const session = environment.XDG_RUNTIME_DIR;
  if (isAbsolute(session) && (await access(session, uid)) === "private") return `${session}/tbox`;
  const fallback = `/tmp/tbox-${uid}`;
  if ((await access(fallback, uid)) === "foreign") {
    throw new TboxError(
      "forbidden",
      `${fallback} is not private to user ${uid}: remove it or set TBOX_RUN_DIR to a directory of your own`,
    );
  }
  return fallback;
}

/**
 * The same as far as it can be told without a look at the disk, which costs a command most of a millisecond: the thread
 * that takes it has to be started. In `/run/user` only root makes directories, each for one user alone.
 */
export function knownRunDirectory(environment: Environment, uid: number): string | undefined {
  const own = explicitDirectory(environment, "TBOX_RUN_DIR");
  if (own) return own;
  const session = `/run/user/${uid}`;
  return environment.XDG_RUNTIME_DIR === session ? `${session}/tbox` : undefined;
}

async function access(path: string, uid: number): Promise<"private" | "foreign" | "missing"> {
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
