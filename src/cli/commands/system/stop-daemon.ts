import type { ShutdownAnswer } from "#api/answers/system.ts";
import { request } from "#client/api.ts";
import { isAlive } from "#client/daemon/is-alive.ts";
import { type DaemonSocket, daemonSocket } from "#client/daemon/socket-path.ts";
import { tryConnect } from "#client/daemon/try-connect.ts";
import { trustAnswer } from "#client/trust-answer.ts";

/** State of the socket after a stop: `systemd` when systemd still listens on it, `none` when no daemon ran. */
export type Stopped = "none" | "own" | "systemd";

/** Stops the daemon and waits for its exit. Containers continue. */
export async function stopDaemon(): Promise<Stopped> {
  const target = await daemonSocket();
  if (!(await isRunning(target))) return "none";
  const answer = await request("POST", "/tbox/shutdown");
  // A daemon of an older version does not name its process.
  const { Pid, Systemd = false } =
    answer.status === 200 ? trustAnswer<Partial<ShutdownAnswer>>(await answer.json()) : {};
  // A daemon at an address may have its process on another machine, or in a container, where this number is another process.
  const pid = target.address === undefined ? Pid : undefined;
  // The process holds the store until its end. A new connection to systemd's socket would start another daemon.
  if (pid !== undefined) while (isAlive(pid)) await Bun.sleep(10);
  else if (!Systemd) while (await isRunning(target)) await Bun.sleep(10);
  return Systemd ? "systemd" : "own";
}

/** Returns whether a daemon, or systemd for it, listens. */
export async function isRunning(target: DaemonSocket): Promise<boolean> {
  const socket = await tryConnect(target);
  socket?.close();
  return socket !== undefined;
}
