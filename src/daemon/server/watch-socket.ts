import { openLog } from "#support/log.ts";
import { openPath } from "#support/path-descriptor.ts";

const log = openLog("daemon");

/** Milliseconds between two checks. */
const interval = 1000;

/**
 * Watches the daemon's own socket. When it is removed or replaced, for example because the run directory was removed at the
 * last logout, `listenAgain` is called until it succeeds.
 */
export function watchSocket(path: string, listenAgain: () => Promise<void>): Disposable {
  let known = identityOf(path);
  let failed = false;
  async function check(): Promise<void> {
    const present = identityOf(path);
    if (known !== undefined && present === known) return;
    try {
      if (!failed) log.warn(`the socket ${path} was removed: it is created again`);
      await listenAgain();
      known = identityOf(path);
      failed = false;
    } catch (error) {
      if (!failed) log.warn(`create the socket ${path} again: trying until it succeeds`, error);
      failed = true;
    }
  }
  let timer: Timer;
  const schedule = () => {
    timer = setTimeout(() => void check().then(schedule), interval).unref();
  };
  schedule();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** Returns device and inode of a file; undefined for a missing one. */
function identityOf(path: string): string | undefined {
  try {
    using socket = openPath(path);
    const { dev, ino } = socket.status();
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
