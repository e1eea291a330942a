import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { storeOwner, tryLockStore } from "#native/addon/store-lock.ts";
import { tryToConnect } from "#native/monitor/keep-connected.ts";
import { connectMonitor, monitorSocket } from "#native/monitor/monitor.ts";
import { openZygote } from "#native/zygote/zygote.ts";
import { repeatFor } from "#support/concurrency/repeat-for.ts";
import { dataDirectory, type Environment, runDirectory } from "#support/directories.ts";
import { TboxError } from "#support/errors.ts";
import { openPath } from "#support/path-descriptor.ts";
import { isAlive } from "./is-alive.ts";

/** Files by which tbox recognizes its store. */
const marks = ["tbox.db", "oci-layout", "daemon.log"];

/** Milliseconds that the daemon has to release the store, and the helper to end after its last container. */
const patience = 10_000;

const sigkill = 9;

export interface RemovedData {
  /** Directories that were removed. */
  directories: string[];
}

/**
 * Removes the store and the sockets of the user, and ends the containers that still run. Throws conflict if a daemon has the
 * store. Files of subordinate ids are removed by the helper, which is root in the user namespace. `listener` is a socket that
 * systemd holds and that stays.
 */
export async function removeData(
  environment: Environment,
  uid: number,
  listener: string | undefined,
): Promise<RemovedData> {
  const store = dataDirectory(environment);
  const run = await runDirectory(environment, uid);
  const directories: string[] = [];
  if (existsSync(store)) {
    checkStore(store, uid);
    using _ = await lockStore(store);
    await endContainers(store, run);
    await removeTrees(store, run);
    rmSync(store, { recursive: true });
    directories.push(store);
  }
  if (existsSync(run) && clearRunDirectory(run, uid, listener) && listener === undefined) {
    rmdirSync(run);
    directories.push(run);
  }
  return { directories };
}

/** Removes the files of a run directory that belongs to the user; returns whether it does. */
function clearRunDirectory(run: string, uid: number, listener: string | undefined): boolean {
  using opened = openPath(run);
  const status = opened.status();
  if (!status.isDirectory() || status.uid !== uid) return false;
  for (const name of readdirSync(opened.path)) {
    if (name !== listener) rmSync(`${opened.path}/${name}`, { recursive: true });
  }
  return true;
}

/** Refuses a directory that is not a store: a wrong TBOX_DATA_DIR would delete the user's files. */
function checkStore(store: string, uid: number): void {
  using opened = openPath(store);
  const status = opened.status();
  if (!status.isDirectory() || status.uid !== uid) {
    throw new TboxError("forbidden", `cannot remove ${store}: it is not a directory of yours`);
  }
  const names = readdirSync(opened.path);
  if (names.length > 0 && !names.some((name) => marks.includes(name))) {
    throw new TboxError("forbidden", `cannot remove ${store}: it contains other files and no store of tbox`);
  }
}

/** Locks the store, so that it is not removed under a daemon with another run directory. */
async function lockStore(store: string): Promise<Disposable> {
  const lock = await repeatFor(patience, async () => tryLockStore(store));
  if (lock) return lock;
  throw new TboxError("conflict", `cannot remove ${store}: a daemon (${storeOwner(store)}) has it open`);
}

/**
 * Ends the containers of the store that a daemon could not remove, such as those without a database. Other stores can have
 * containers in the same run directory.
 */
async function endContainers(store: string, run: string): Promise<void> {
  const directory = `${store}/containers`;
  const ids = existsSync(directory) ? readdirSync(directory) : [];
  const running = ids.filter((id) => existsSync(`${run}/monitors/${monitorSocket(id)}`));
  await Promise.all(running.map((id) => endContainer(run, id)));
}

async function endContainer(run: string, id: string): Promise<void> {
  const monitor = await tryToConnect(() => connectMonitor(run, id));
  if (monitor === "gone") return;
  if (monitor === "busy") {
    throw new TboxError("conflict", `cannot end container ${id}: its monitor does not answer: try again`);
  }
  using _ = monitor;
  monitor.signal(sigkill);
  await monitor.exited.catch(() => {});
}

/** Removes all directories of the store in the user namespace, and waits until the helper has ended. */
async function removeTrees(store: string, run: string): Promise<void> {
  const entries = readdirSync(store, { withFileTypes: true });
  const paths = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  if (paths.length === 0) return;
  using zygote = await openZygote({ store, run });
  await zygote.work({ operation: "remove", paths });
  const { pid } = zygote;
  zygote.shutdown();
  const ended = await repeatFor(patience, async () => (isAlive(pid) ? undefined : true));
  if (ended) return;
  const busy = childrenOf(pid).join(", ") || "its containers";
  throw new TboxError("conflict", `cannot remove ${store}: the helper ${pid} waits for ${busy}: try again`);
}

/** Returns the names and ids of the children of a process. */
function childrenOf(pid: number): string[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    return children.filter(Boolean).map((child) => `${nameOf(child)} (${child})`);
  } catch {
    // The process has ended, or the kernel does not list children.
    return [];
  }
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trimEnd();
  } catch {
    return "process";
  }
}
