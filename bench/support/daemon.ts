import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { commandOf, ownMemory } from "./process-sample.ts";

/** A daemon with its own store, for a benchmark. */
export interface BenchDaemon extends AsyncDisposable {
  readonly pid: number;
  readonly environment: Record<string, string>;
  /** Runs `tbox` and returns its output; throws when it fails. */
  call(...args: string[]): string;
  request(method: string, path: string, body?: unknown): Promise<Response>;
  /** Ends the daemon and starts it again; returns the milliseconds until it is ready. */
  restart(): Promise<number>;
  /** Resident memory in KiB. */
  memory(): number;
  /** Greatest resident memory in KiB since `resetPeak`. */
  peak(): number;
  resetPeak(): void;
  /** Describes memory and descriptors of the daemon and the processes below its zygote. */
  describeProcesses(): string;
}

/** Starts a daemon whose store and run directory are below `place`. */
export async function startBenchDaemon(tbox: string, place: string): Promise<BenchDaemon> {
  const run = `${place}/run`;
  for (const path of [`${place}/data`, run]) mkdirSync(path, { recursive: true, mode: 0o700 });
  const environment = {
    HOME: place,
    PATH: process.env.PATH ?? "",
    TBOX_DATA_DIR: `${place}/data`,
    TBOX_RUN_DIR: run,
  };
  let child = await start(tbox, environment);
  const call = (...args: string[]) => {
    const result = Bun.spawnSync([tbox, ...args], { env: environment, stdin: "ignore", stderr: "pipe" });
    if (result.exitCode !== 0) throw new Error(`tbox ${args.join(" ")}: ${result.stderr.toString().trim()}`);
    return result.stdout.toString().trim();
  };
  return {
    get pid() {
      return child.pid;
    },
    environment,
    call,
    request: (method, path, body) =>
      fetch(`http://docker${path}`, {
        unix: `${run}/tbox.sock`,
        method,
        headers: { "Content-Type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    async restart() {
      child.kill("SIGTERM");
      await child.exited;
      const begun = performance.now();
      child = await start(tbox, environment);
      return performance.now() - begun;
    },
    memory: () => field(child.pid, "VmRSS"),
    peak: () => field(child.pid, "VmHWM"),
    resetPeak: () => writeFileSync(`/proc/${child.pid}/clear_refs`, "5"),
    describeProcesses: () => describe(child.pid, run),
    async [Symbol.asyncDispose]() {
      const left = call("ps", "-aq");
      if (left !== "") call("rm", "-f", ...left.split("\n"));
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

async function start(tbox: string, environment: Record<string, string>) {
  const child = Bun.spawn([tbox, "daemon", "--notify"], {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { value = new Uint8Array() } = await child.stdout.getReader().read();
  const report = new TextDecoder().decode(value);
  if (!report.includes('"ready":true')) throw new Error(`the daemon did not start: ${report}`);
  return child;
}

/** Returns a field of /proc/PID/status, in KiB. */
function field(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
}

function describe(daemon: number, run: string): string {
  const others = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(run));
  const memory = others.reduce((sum, pid) => sum + ownMemory(pid), 0);
  return (
    `daemon ${(ownMemory(`${daemon}`) / 1024).toFixed(0)} MiB of own memory, ${descriptors(daemon)} descriptors; ` +
    `${others.length} processes of the helper ${(memory / 1024).toFixed(0)} MiB`
  );
}

function descriptors(pid: number | string): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}
