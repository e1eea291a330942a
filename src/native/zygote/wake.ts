import { openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { errnoOf } from "../addon/failure.ts";
import { type FoundProcess, readProcess } from "../addon/read-process.ts";
import { protocolVersion, zygoteRecordSchema } from "../protocol/zygote.ts";

/**
 * Asks the zygote of a store to create its sockets again, after the run directory was removed. Returns false when no
 * zygote runs.
 */
export function wakeZygote(store: string): boolean {
  return signalZygote(`${store}/zygote-${protocolVersion}.json`, "SIGUSR1");
}

/** Continues the zygote of a store if a signal has stopped it, as SIGSTOP does. Returns whether it was stopped. */
export function continueZygote(store: string): boolean {
  return signalZygote(`${store}/zygote-${protocolVersion}.json`, "SIGCONT");
}

/** Continues the net helper if a signal has stopped it. Returns whether it was stopped. */
export function continueNetHelper(pid: number): boolean {
  try {
    return signalProcess(pid, "tbox-net", "SIGCONT");
  } catch {
    return false;
  }
}

/** Signals the zygote of a record, if it serves the store. An old record's process may be another store's zygote by now. */
function signalZygote(record: string, signal: NodeJS.Signals, store?: string): boolean {
  try {
    const { pid } = zygoteRecordSchema.parse(JSON.parse(readFileSync(record, "utf8")));
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    if (store !== undefined && !commandLine.split("\0").includes(store)) return false;
    // The process is exiting.
    if (commandLine === "") return false;
    return signalProcess(pid, "tbox-zygote", signal);
  } catch {
    return false;
  }
}

/**
 * Ends the zygotes of other protocol versions, which no daemon of this version can use. Their containers continue: a zygote
 * that starts afterwards enters them. Returns the records of these zygotes, which that zygote reads once.
 */
export function endOtherZygotes(store: string): string[] {
  const own = `zygote-${protocolVersion}.json`;
  const others = readdirSync(store).filter((name) => /^zygote-\d+\.json$/.test(name) && name !== own);
  const records = others.map((name) => `${store}/${name}`);
  for (const record of records) signalZygote(record, "SIGKILL", store);
  return records;
}

/**
 * Asks the monitor of a container, the parent of the container's PID 1, to create its socket again. Returns false when
 * the monitor does not run.
 */
export function wakeMonitor(program: number): boolean {
  return signalMonitor(program, "SIGUSR1");
}

/** Kills the monitor of a container. */
export function endMonitor(program: number): boolean {
  return signalMonitor(program, "SIGKILL");
}

/** Tests whether the monitor of a container runs. */
export function hasMonitor(program: number): boolean {
  try {
    const parent = readProcess(program)?.parent ?? 0;
    return isProcess(readProcess(parent), "tbox-monitor");
  } catch {
    return false;
  }
}

function signalMonitor(program: number, signal: NodeJS.Signals): boolean {
  try {
    const parent = readProcess(program)?.parent ?? 0;
    return signalProcess(parent, "tbox-monitor", signal);
  } catch {
    return false;
  }
}

/**
 * Opens the command line of a process, for `isExiting`. The descriptor never refers to a later process of the same number.
 * Returns nothing for a process that cannot be inspected.
 */
export function openCommandLine(pid: number): number | undefined {
  try {
    return openSync(`/proc/${pid}/cmdline`, "r");
  } catch {
    return undefined;
  }
}

const oneByte = Buffer.alloc(1);

/**
 * Tests whether a process is about to become a zombie, or has ended. For a moment its sockets are still open and accept messages that it
 * will never read, but its memory, and with it the command line, is gone. An unreadable command line is no proof.
 */
export function isExiting(commandLine: number | undefined): boolean {
  try {
    return commandLine !== undefined && readSync(commandLine, oneByte, 0, 1, 0) === 0;
  } catch (error) {
    return errnoOf(error) === "ESRCH";
  }
}

function signalProcess(pid: number, name: string, signal: NodeJS.Signals): boolean {
  const found = readProcess(pid);
  if (!isProcess(found, name)) return false;
  if (signal === "SIGCONT" && found.state !== "T") return false;
  return process.kill(pid, signal);
}

/** Tests whether a process has a name and runs. A zombie keeps its name. */
function isProcess(found: FoundProcess | undefined, name: string): found is FoundProcess {
  return found?.name === name && found.state !== "Z";
}
