import type { Subprocess } from "bun";

/** Reason why system calls cannot be traced here; undefined when they can. */
export const straceUnavailable: string | undefined = findObstacle();

/** System calls that change files, or state that other processes see. */
const changing =
  "write,pwrite64,pwritev,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,link,linkat,symlink,symlinkat,sendmsg";

/** The n-th system call of one kind in one thread. */
export interface KillPoint {
  call: string;
  number: number;
}

/** Returns every state-changing call of a process while `work` runs. */
export async function killPoints(
  pid: number,
  log: string,
  work: () => Promise<unknown>,
): Promise<KillPoint[]> {
  const tracer = await attach(pid, ["-e", `trace=${changing}`, "-o", log]);
  try {
    await work();
  } finally {
    // strace may wait for a vanished thread and then ignores SIGTERM.
    tracer.kill("SIGKILL");
    await tracer.exited;
  }
  const counts = new Map<string, Map<string, number>>();
  for (const line of (await Bun.file(log).text()).split("\n")) {
    const [, thread, call] = /^(\d+) +([a-z0-9]+)\(/.exec(line) ?? [];
    if (thread === undefined || call === undefined) continue;
    const threads = counts.get(call) ?? new Map<string, number>();
    counts.set(call, threads.set(thread, (threads.get(thread) ?? 0) + 1));
  }
  return [...counts].flatMap(([call, threads]) => {
    const most = Math.max(...threads.values());
    return Array.from({ length: most }, (_, index) => ({ call, number: index + 1 }));
  });
}

/** Kills a process at a kill point while `work` runs, if it reaches the point; returns the result of `work`. */
export async function killAt<T>(
  pid: number,
  { call, number }: KillPoint,
  work: () => Promise<T>,
): Promise<T> {
  const inject = `inject=${call}:signal=KILL:when=${number}`;
  const tracer = await attach(pid, ["-e", `trace=${call}`, "-e", inject, "-o", "/dev/null"]);
  try {
    return await work();
  } finally {
    tracer.kill("SIGKILL");
    await tracer.exited;
  }
}

async function attach(pid: number, options: string[]): Promise<Subprocess<"ignore", "ignore", "pipe">> {
  const tracer = Bun.spawn(["strace", "-f", ...options, "-p", String(pid)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const decoder = new TextDecoder();
  let said = "";
  const reader = tracer.stderr.getReader();
  while (!said.includes(`Process ${pid} attached`)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`strace: ${said}`);
    said += decoder.decode(value, { stream: true });
  }
  return tracer;
}

function findObstacle(): string | undefined {
  if (!Bun.which("strace")) return "strace is not installed";
  const { exitCode, stderr } = Bun.spawnSync(["strace", "-qq", "-e", "trace=none", "true"]);
  return exitCode === 0 ? undefined : `strace does not work here: ${stderr.toString().trim()}`;
}
