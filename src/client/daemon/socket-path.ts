import { isBelowSession, knownRunDirectory, runDirectory } from "#support/directories.ts";
import { TboxError } from "#support/errors.ts";

/** Socket of the current user's daemon. */
export interface DaemonSocket {
  directory: string;
  name: string;
  path: string;
  /** User who must own the directory and the daemon. Absent where only that user can create files anyway. */
  owner?: number;
}

/** Returns the daemon's socket for the current user. Throws forbidden for root. */
export async function daemonSocket(): Promise<DaemonSocket> {
  const uid = ordinaryUser();
  return socketIn(await runDirectory(process.env, uid), uid);
}

/** Returns the same socket without waiting, or undefined when only `daemonSocket` can determine it. */
export function knownSocket(): DaemonSocket | undefined {
  const uid = ordinaryUser();
  const directory = knownRunDirectory(process.env, uid);
  return directory === undefined ? undefined : socketIn(directory, uid);
}

function socketIn(directory: string, uid: number): DaemonSocket {
  const name = "tbox.sock";
  const socket = { directory, name, path: `${directory}/${name}` };
  return isBelowSession(directory, uid) ? socket : { ...socket, owner: uid };
}

function ordinaryUser(): number {
  const uid = process.getuid?.() ?? -1;
  if (uid === 0) {
    throw new TboxError(
      "forbidden",
      "tbox runs as an ordinary user, not as root: root inside a container is the user who started it. " +
        "Log in as a user (or use su USER) and call it again, without sudo",
    );
  }
  return uid;
}
