import { existsSync, readFileSync } from "node:fs";
import { startDaemon, type TestDaemon } from "#test/support/daemon.ts";
import { until } from "#test/support/until.ts";
import { loadShell } from "../../e2e/support/images.ts";
import { containersIn, makeCgroup, processesIn } from "./cgroups.ts";

export interface Inspected {
  Id: string;
  State: {
    Status: string;
    Running: boolean;
    Paused: boolean;
    OOMKilled: boolean;
    ExitCode: number;
    Pid: number;
  };
  HostConfig: { Memory: number; NanoCpus: number; PidsLimit: number | null };
}

/** A daemon in its own cgroup, with an image that has a shell. */
export interface Limited extends AsyncDisposable {
  daemon: TestDaemon;
  /** Directory of the containers' cgroups. */
  cgroups: string;
  tbox(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
  /** Starts a container in the background; throws when that fails. */
  start(name: string, options: string[], ...command: string[]): Promise<void>;
  inspect(name: string): Promise<Inspected>;
  /** Removes every container and waits until none has a cgroup. */
  clear(): Promise<void>;
  /** Reads a file of a container's cgroup. */
  read(name: string, file: string): Promise<string>;
  /** Resolves when no container has a cgroup any more. */
  empty(): Promise<void>;
}

export async function openLimited(controllers?: string[]): Promise<Limited> {
  const cgroups = makeCgroup(controllers);
  const daemon = await startDaemon({}, cgroups);
  await loadShell(daemon, "box:1");
  const tbox = (...args: string[]) => daemon.tbox(args);
  const inspect = async (name: string): Promise<Inspected> => {
    const response = await daemon.request("GET", `/containers/${name}/json`);
    return response.json() as Promise<Inspected>;
  };
  const cgroup = async (name: string) => {
    const { Id, State } = await inspect(name);
    const has = (found: string) => processesIn(`${cgroups}/${found}`).includes(State.Pid);
    return `${cgroups}/${containersIn(cgroups).find((found) => found.endsWith(Id) || has(found))}`;
  };
  const empty = () => until(() => !existsSync(cgroups) || containersIn(cgroups).length === 0);
  const clear = async () => {
    const all = (await (await daemon.request("GET", "/containers/json?all=1")).json()) as { Id: string }[];
    await Promise.all(all.map(({ Id }) => daemon.request("DELETE", `/containers/${Id}?force=1`)));
    await empty();
  };
  return {
    daemon,
    cgroups,
    tbox,
    inspect,
    async start(name, options, ...command) {
      // Some kernels that support limits lack the features of a network.
      const all = ["run", "-d", "--network", "none", "--name", name, ...options];
      const { code, stderr } = await tbox(...all, "box:1", ...command);
      if (code !== 0) throw new Error(stderr);
    },
    read: async (name, file) => readFileSync(`${await cgroup(name)}/${file}`, "utf8").trim(),
    empty,
    clear,
    async [Symbol.asyncDispose]() {
      await clear();
      await daemon[Symbol.asyncDispose]();
    },
  };
}
