import { existsSync } from "node:fs";

/** The API's socket as containers get it. */
export interface ApiSocket {
  /**
   * Returns the path to mount for the source of a bind mount. The paths at which programs expect the socket of Docker or
   * Podman stand for tbox's socket when the host has no such file, and so does the path of tbox's own socket.
   */
  resolve(source: string): string;
}

/** Name of the socket for containers in the run directory: every user may connect, and it outlives the daemon. */
export const containerSocketName = "container.sock";

/** Finds the sockets of the daemon with the run directory `run`. */
export function apiSocket({ run, uid }: { run: string; uid: number }): ApiSocket {
  const own = `${run}/tbox.sock`;
  const directories = ["/var/run", "/run", `/run/user/${uid}`];
  const wellKnown = new Set(
    directories.flatMap((directory) => [`${directory}/docker.sock`, `${directory}/podman/podman.sock`]),
  );
  return {
    resolve: (source) =>
      source === own || (wellKnown.has(source) && !existsSync(source))
        ? `${run}/${containerSocketName}`
        : source,
  };
}
