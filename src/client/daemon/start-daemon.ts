import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import { dataDirectory } from "#support/directories.ts";
import { TboxError } from "#support/errors.ts";
import type { ByteSocket } from "./byte-socket.ts";
import { type DaemonProgram, daemonEnvironment, daemonProgram } from "./daemon-program.ts";
import type { DaemonSocket } from "./socket-path.ts";
import { tryConnect } from "./try-connect.ts";

/** Maximum number of milliseconds to wait for a daemon that another client is starting. */
const startTimeout = 20_000;

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;

/** Milliseconds before the second attempt to start a daemon. Each further attempt waits twice as long. */
const firstDelay = 100;

/**
 * Starts a daemon that outlives this program and connects to it. When several clients start one at the same time, one
 * daemon wins and all clients get a connection to it.
 */
export async function startDaemon(target: DaemonSocket, program = daemonProgram()): Promise<ByteSocket> {
  const log = `${dataDirectory(program.environment)}/daemon.log`;
  let report = await spawnDaemon(program, log);
  const deadline = performance.now() + startTimeout;
  let delay = firstDelay;
  let next = performance.now() + delay;
  for (;;) {
    const socket = await tryConnect(target);
    if (socket) return socket;
    if (!("ready" in report || isOther(report)) || performance.now() > deadline) break;
    await Bun.sleep(10);
    if (!isOther(report) || performance.now() < next) continue;
    // The other daemon may be one that ends.
    report = await spawnDaemon(program, log);
    delay *= 2;
    next = performance.now() + delay;
  }
  const reason = "error" in report ? report.error : `it does not listen at ${target.path} (see ${log})`;
  throw new TboxError("unavailable", "cannot start the daemon", { cause: new Error(reason) });
}

/** First line of the daemon's standard output. */
type StartReport = { ready: true } | { error: string; code: string };

/** Returns whether another daemon has the store or the socket. */
function isOther(report: StartReport): boolean {
  return "code" in report && (report.code === "already-exists" || report.code === "conflict");
}

async function spawnDaemon({ command, environment }: DaemonProgram, log: string): Promise<StartReport> {
  let logFile: number;
  try {
    mkdirSync(dataDirectory(environment), { recursive: true, mode: 0o700 });
    // The open of a FIFO without a reader fails instead of waiting.
    logFile = openSync(log, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o600);
  } catch (error) {
    throw new TboxError("unavailable", "cannot start the daemon", { cause: error });
  }
  try {
    const child = Bun.spawn([...command, "daemon", "--notify"], {
      cwd: "/",
      env: daemonEnvironment(environment),
      stdio: ["ignore", "pipe", logFile],
      // In a new session, the daemon receives neither Ctrl-C nor SIGHUP from the terminal.
      detached: true,
    });
    // With nothing but an unreferenced child to wait for, the event loop would poll without a pause.
    const report = await readReport(child.stdout, log);
    child.unref();
    return report;
  } finally {
    closeSync(logFile);
  }
}

/** Reads the daemon's first line. The daemon keeps its standard output open, so the stream does not end. */
async function readReport(output: ReadableStream<Uint8Array>, log: string): Promise<StartReport> {
  const decoder = new TextDecoder();
  let line = "";
  for await (const chunk of output) {
    line += decoder.decode(chunk, { stream: true });
    if (line.includes("\n")) break;
  }
  const report = parseReport(line.split("\n")[0] ?? "");
  return (
    report ?? { error: `it ended before it was ready: ${await lastLine(log)} (see ${log})`, code: "internal" }
  );
}

function parseReport(line: string): StartReport | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null) return undefined;
    if ("ready" in value) return { ready: true };
    if (!("error" in value && "code" in value)) return undefined;
    return { error: String(value.error), code: String(value.code) };
  } catch {
    return undefined;
  }
}

async function lastLine(path: string): Promise<string> {
  const file = Bun.file(path);
  const tail = await file.slice(Math.max(0, file.size - 4096)).text();
  return tail.trimEnd().split("\n").at(-1) || "it wrote nothing";
}
