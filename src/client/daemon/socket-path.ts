import { isBelowSession, knownRunDirectory, runDirectory } from "#support/directories.ts";
import { TboxError } from "#support/errors.ts";
import { currentContext, hasCurrentContext } from "../contexts/current-context.ts";

/** Socket of the current user's daemon. */
export interface DaemonSocket {
  directory: string;
  name: string;
  path: string;
  /** User who must own the directory and the daemon. Absent where only that user can create files anyway. */
  owner?: number;
  /** Address that the user named for a daemon other than the user's own. Such a daemon is never started. */
  address?: string;
}

let chosen: DaemonSocket | undefined;

/** Makes all requests of this program go to another daemon; without one, to that of the environment again. */
export function chooseDaemon(socket: DaemonSocket | undefined): void {
  chosen = socket;
}

/** Returns the socket of the chosen daemon, or of the user's own. Throws forbidden for root without a choice. */
export async function daemonSocket(): Promise<DaemonSocket> {
  if (chosen === undefined && hasCurrentContext(process.env)) {
    const { openContext } = await import("../contexts/open-context.ts");
    chosen = await openContext(process.env, await currentContext(process.env));
  }
  return chosen ?? ownSocket();
}

/** Returns the socket of the current user's own daemon. */
export async function ownSocket(): Promise<DaemonSocket> {
  const uid = ordinaryUser();
  return socketIn(await runDirectory(process.env, uid), uid);
}

/** Returns the same socket without waiting, or undefined when only `daemonSocket` can determine it. */
export function knownSocket(): DaemonSocket | undefined {
  if (chosen !== undefined || hasCurrentContext(process.env)) return chosen;
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
