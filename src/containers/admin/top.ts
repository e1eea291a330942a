import { readdirSync, readFileSync } from "node:fs";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { Execs } from "../exec/execs.ts";
import type { ContainerServices } from "../services.ts";
import { requireRunning } from "../state/require-running.ts";

export interface ProcessTable {
  titles: string[];
  /** One row for each process. The last column may contain spaces. */
  processes: string[][];
}

/** Lists the processes of a container with the `ps` of the host. Throws conflict unless the container runs. */
export async function listContainerProcesses(
  { records, notify }: Pick<ContainerServices, "records" | "notify">,
  execs: Execs,
  { name, args }: { name: string; args: string },
): Promise<ProcessTable> {
  const record = records.find(name);
  requireRunning(record);
  const execPids = execs.running(record.id).map((id) => execs.get(id).pid);
  const table = await listProcesses([record.state.pid, ...execPids], args);
  if (table.processes.length === 0) {
    // The container has ended since, although its exit may not be known yet.
    throw new TboxError("conflict", `container ${record.id} is not running`);
  }
  notify("top", record);
  return table;
}

/** Lists the descendants of the processes `roots`, with these arguments of `ps`. */
async function listProcesses(roots: number[], args: string): Promise<ProcessTable> {
  const words = args.split(/\s+/).filter((word) => word !== "");
  const command = ["ps", ...(words.length > 0 ? words : ["-ef"])];
  if (!Bun.which("ps")) {
    throw new TboxError(
      "unavailable",
      "cannot list processes: ps is not installed on the host: apt-get install procps",
    );
  }
  const child = Bun.spawn(command, {
    cwd: "/",
    env: { PATH: process.env.PATH, LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [output, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) {
    throw invalidArgument(`ps: ${errors.trim().split("\n")[0] ?? `exit status ${code}`}`);
  }
  const [head = "", ...lines] = output.trimEnd().split("\n");
  const titles = head.trim().split(/\s+/);
  const column = titles.indexOf("PID");
  if (column === -1) throw invalidArgument("couldn't find PID field in ps output");
  const wanted = descendants(roots);
  const processes = lines.map((line) => split(line, titles.length));
  return { titles, processes: processes.filter((fields) => wanted.has(Number(fields[column]))) };
}

function split(line: string, count: number): string[] {
  const fields = line.trim().split(/\s+/);
  return [...fields.slice(0, count - 1), fields.slice(count - 1).join(" ")];
}

/** Returns the roots and their descendants. An orphan is a child of PID 1 of its container, so none is missed. */
function descendants(roots: number[]): Set<number> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const parent = /^\d+$/.test(name) ? parentOf(name) : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = new Set<number>();
  const waiting = [...roots];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    if (found.has(pid)) continue;
    found.add(pid);
    waiting.push(...(children.get(pid) ?? []));
  }
  return found;
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}
