import { request } from "#client/api.ts";
import { daemonSocket } from "#client/daemon/socket-path.ts";
import { tryConnect } from "#client/daemon/try-connect.ts";
import { asObject, numberAt } from "#client/json.ts";

/** Ends the daemon and waits until it has ended; false where none runs. Containers go on. */
export async function stopDaemon(): Promise<boolean> {
  const path = await daemonSocket();
  if (!(await isRunning(path))) return false;
  const answer = await request("POST", "/tbox/shutdown");
  // Where systemd listens for the daemon, to connect again would start another one.
  const pid = answer.status === 200 ? numberAt(asObject(await answer.json()), "Pid") : undefined;
  while (pid === undefined ? await isRunning(path) : isAlive(pid)) await Bun.sleep(10);
  return true;
}

async function isRunning(path: string): Promise<boolean> {
  const socket = await tryConnect(path);
  socket?.close();
  return socket !== undefined;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
