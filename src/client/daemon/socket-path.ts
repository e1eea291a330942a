import { knownRunDirectory, runDirectory } from "#support/directories.ts";
import { TboxError } from "#support/errors.ts";

/** Returns the path of the daemon's socket for the current user. Throws forbidden for root. */
export async function daemonSocket(): Promise<string> {
  return socketIn(await runDirectory(process.env, ordinaryUser()));
}

/** Returns the same path without waiting, or undefined when only `daemonSocket` can determine it. */
export function knownSocket(): string | undefined {
  const directory = knownRunDirectory(process.env, ordinaryUser());
  return directory === undefined ? undefined : socketIn(directory);
}

function socketIn(directory: string): string {
  return `${directory}/tbox.sock`;
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
