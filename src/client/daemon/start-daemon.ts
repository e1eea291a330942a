import { closeSync, mkdirSync, openSync } from "node:fs";
import { dataDirectory, type Environment } from "#support/directories.ts";
import { TboxError } from "#support/errors.ts";
import { isObject } from "../json.ts";
import type { ByteSocket } from "../streams/byte-socket.ts";
import { tryConnect } from "./connect.ts";

/** How long a daemon that somebody else is starting may take, in milliseconds. */
const patience = 20_000;

export interface DaemonProgram {
  command: string[];
  environment: Environment;
}

/**
 * Starts a daemon that outlives this program and connects to it. When another client starts one at the
 * same time, one of the two wins and both clients get a connection.
 */
export async function startDaemon(socketPath: string, program = ownProgram()): Promise<ByteSocket> {
  const log = `${dataDirectory(program.environment)}/daemon.log`;
  const report = await spawnDaemon(program, log);
  const mayCome = "ready" in report || report.code === "already-exists" || report.code === "conflict";
  const deadline = performance.now() + patience;
  for (;;) {
    const socket = await tryConnect(socketPath);
    if (socket) return socket;
    if (!mayCome || performance.now() > deadline) break;
    await Bun.sleep(10);
  }
  const reason = "error" in report ? report.error : `it does not listen at ${socketPath} (see ${log})`;
  throw new TboxError("unavailable", "cannot start the daemon", { cause: new Error(reason) });
}

type Report = { ready: true } | { error: string; code: string };

async function spawnDaemon({ command, environment }: DaemonProgram, log: string): Promise<Report> {
  let logFile: number;
  try {
    mkdirSync(dataDirectory(environment), { recursive: true, mode: 0o700 });
    logFile = openSync(log, "a", 0o600);
  } catch (error) {
    throw new TboxError("unavailable", "cannot start the daemon", { cause: error });
  }
  try {
    const child = Bun.spawn([...command, "daemon", "--notify"], {
      cwd: "/",
      env: daemonEnvironment(environment),
      stdio: ["ignore", "pipe", logFile],
      // A session of its own: the terminal's Ctrl-C and hang-up are not meant for it.
      detached: true,
    });
    child.unref();
    return await readReport(child.stdout, log);
  } finally {
    closeSync(logFile);
  }
}

/** The daemon's first line; standard output stays open in it, so the end of the stream is not awaited. */
async function readReport(output: ReadableStream<Uint8Array>, log: string): Promise<Report> {
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

function parseReport(line: string): Report | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (!isObject(value)) return undefined;
    if (value.ready === true) return { ready: true };
    if (typeof value.error !== "string") return undefined;
    return { error: value.error, code: typeof value.code === "string" ? value.code : "internal" };
  } catch {
    return undefined;
  }
}

async function lastLine(path: string): Promise<string> {
  const file = Bun.file(path);
  const tail = await file.slice(Math.max(0, file.size - 4096)).text();
  return tail.trimEnd().split("\n").at(-1) || "it wrote nothing";
}

/** The program that runs, as a daemon is started from it. */
export function ownProgram(): DaemonProgram {
  const compiled = Bun.main.startsWith("/$bunfs/");
  const command = compiled ? [process.execPath] : [process.execPath, Bun.main];
  return { command, environment: process.env };
}

/**
 * How the daemon's runtime compiles, in what JavaScriptCore counts: 15 for a call of a function, 1 for a turn of a loop.
 * Most daemons serve some dozens of starts: what those call is compiled at its second call and not at its thirtieth, but
 * optimised, for which a thread takes a processor from the container, only where it has become hot.
 */
export const compilerSettings = {
  BUN_JSC_thresholdForJITAfterWarmUp: "20",
  BUN_JSC_thresholdForJITSoon: "10",
  BUN_JSC_thresholdForOptimizeAfterWarmUp: "20000",
  BUN_JSC_thresholdForOptimizeAfterLongWarmUp: "20000",
  BUN_JSC_thresholdForOptimizeSoon: "20000",
};

/**
 * What a daemon may inherit from the shell that happened to start it: where things lie, the session's bus,
 * proxies and certificate stores. Nothing that changes how its runtime or its libraries behave.
 */
const inherited = new Set([
  "DBUS_SESSION_BUS_ADDRESS",
  "HOME",
  "LANG",
  "LOGNAME",
  "NODE_EXTRA_CA_CERTS",
  "PATH",
  "SSL_CERT_DIR",
  "SSL_CERT_FILE",
  "TMPDIR",
  "TZ",
  "USER",
  "XDG_CACHE_HOME",
  "XDG_CONFIG_HOME",
  "XDG_DATA_HOME",
  "XDG_RUNTIME_DIR",
]);

function daemonEnvironment(environment: Environment): Record<string, string> {
  const kept: Record<string, string> = { ...compilerSettings };
  for (const [name, value] of Object.entries(environment)) {
    const wanted = inherited.has(name) || name.startsWith("TBOX_") || /^(https?|no|all)_proxy$/i.test(name);
    if (wanted && value !== undefined) kept[name] = value;
  }
  return kept;
}
