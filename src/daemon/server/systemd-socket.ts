import { invalidArgument } from "#support/errors.ts";

/** First descriptor that systemd passes on (sd_listen_fds(3)). */
const firstPassed = 3;

/**
 * Returns the descriptor of the listening socket that systemd passed to this process, or undefined when systemd passed
 * none. Removes systemd's variables from `environment`, because they are not meant for child processes.
 */
export function takePassedSocket(
  environment: Record<string, string | undefined>,
  pid: number,
): number | undefined {
  const { LISTEN_PID, LISTEN_FDS } = environment;
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) delete environment[name];
  if (LISTEN_FDS === undefined || Number(LISTEN_PID) !== pid) return undefined;
  if (LISTEN_FDS === "1") return firstPassed;
  throw invalidArgument(
    `systemd passed ${LISTEN_FDS} sockets, the daemon takes one: give tbox.socket one ListenStream=`,
  );
}
