import { mkdirSync } from "node:fs";
import { killTrees, processesMentioning } from "./processes.ts";
import { awaitLine, type Outcome, type ProgramOptions, printed, runProgram } from "./program.ts";
import { repository } from "./repository.ts";
import { temporaryDirectory } from "./temp.ts";

/** A daemon of the built program with its own store and run directory. */
export interface TestDaemon extends AsyncDisposable {
  readonly data: string;
  readonly run: string;
  readonly socket: string;
  readonly pid: number;
  /** The whole environment of the daemon and of `tbox`. */
  readonly environment: Record<string, string>;
  /** Sends a request to the API. */
  request(method: string, path: string, body?: unknown): Promise<Response>;
  /** Runs `tbox`. */
  tbox(args: string[], options?: ProgramOptions): Promise<Outcome>;
  /** Runs `tbox` and returns its trimmed output; throws when it fails. */
  printed(...args: string[]): Promise<string>;
  /** Kills only the daemon, with SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again after `kill`. */
  start(): Promise<void>;
}

/**
 * Starts a daemon with a new store. `cgroup` is the cgroup directory to start it in (default: the caller's); `before` is a
 * command prefix.
 */
export async function startDaemon(
  environment: Record<string, string> = {},
  cgroup?: string,
  before: string[] = [],
): Promise<TestDaemon> {
  const directory = temporaryDirectory("daemon");
  const data = `${directory.path}/data`;
  const run = `${directory.path}/run`;
  const socket = `${run}/tbox.sock`;
  mkdirSync(run, { mode: 0o700 });
  const all = {
    HOME: directory.path,
    PATH: process.env.PATH ?? "",
    TBOX_DATA_DIR: data,
    TBOX_RUN_DIR: run,
    ...environment,
  };
  const program = `${repository}/dist/tbox`;
  const command = [...before, ...(cgroup === undefined ? [] : entering(cgroup)), program];
  let child = await spawnDaemon(command, all).catch((error) => {
    directory[Symbol.dispose]();
    throw error;
  });
  return {
    data,
    run,
    socket,
    environment: all,
    get pid() {
      return child.pid;
    },
    request: (method, path, body) =>
      fetch(`http://docker${path}`, {
        unix: socket,
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
      }),
    tbox: (args, options) =>
      runProgram([program, ...args], { cwd: directory.path, environment: all, ...options }),
    printed: async (...args) =>
      (await printed([program, ...args], { cwd: directory.path, environment: all })).trim(),
    async kill() {
      child.kill("SIGKILL");
      await child.exited;
    },
    async start() {
      child = await spawnDaemon(command, all).catch(async (error) => {
        if (!String(error).includes("already-exists")) throw error;
        // A client has started a daemon, because the killed one did not answer.
        await printed([program, "daemon", "stop"], { environment: all });
        return spawnDaemon(command, all);
      });
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.exited;
      // The command lines of the zygote and the monitors contain the run directory.
      await killTrees(processesMentioning(run));
      directory[Symbol.dispose]();
    },
  };
}

type Child = Bun.Subprocess<"ignore", "pipe", "inherit">;

/** Returns a command prefix that enters a cgroup, or the leaf that an earlier daemon created in it. */
function entering(cgroup: string): string[] {
  const script = 'if [ -d "$0/tbox.init" ]; then set -- "$0/tbox.init" "$@"; else set -- "$0" "$@"; fi';
  return ["sh", "-c", `${script}; echo $$ >"$1/cgroup.procs"; shift; exec "$@"`, cgroup];
}

async function spawnDaemon(command: string[], environment: Record<string, string>): Promise<Child> {
  const child = Bun.spawn([...command, "daemon", "--notify"], {
    cwd: "/",
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const report: unknown = JSON.parse(await awaitLine(child.stdout, "{"));
  if (typeof report === "object" && report !== null && "ready" in report) return child;
  throw new Error(`the daemon did not start: ${JSON.stringify(report)}`);
}
