import { expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { openConnection } from "#test/support/connection.ts";
import type { TestDaemon } from "#test/support/daemon.ts";
import { busyboxLayer } from "#test/support/images.ts";
import { tarNames } from "#test/support/tar.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import { loadImage } from "./images.ts";

/** Content of a file that both images have. */
const marker = "of the image\n";

/** Loads `ways:1`, an image with a shell, and `ways:bare`, which has a few programs and no shell. */
export async function loadWays(daemon: TestDaemon): Promise<void> {
  const file = { path: "marker", content: marker };
  const config = { Env: ["PATH=/bin"] };
  await loadImage(daemon, "ways:1", { layers: [busyboxLayer(), [file]], config });
  const kept = ["bin", "bin/busybox", "bin/cat", "bin/echo", "bin/id", "bin/pwd", "bin/readlink", "bin/true"];
  const programs = busyboxLayer().filter(({ path }) => kept.includes(path.replace(/\/$/, "")));
  await loadImage(daemon, "ways:bare", { layers: [programs, [file]], config });
}

/** A container in the state that a test needs, and the daemon that has it. */
export interface Target {
  daemon: TestDaemon;
  name: string;
}

/** Result of a way into a container: its output, and the reason of a failure. */
interface Result {
  code: number | null;
  stderr: string;
}

/** A way into a container: uses it and checks the effect. Returns the command's result, or that of the first failed one. */
type Way = (target: Target) => Promise<Result>;

const worked: Result = { code: 0, stderr: "" };

/** Runs `tbox` and checks the output if the command succeeds. */
async function prints({ daemon }: Target, args: string[], output: string | RegExp): Promise<Result> {
  const { code, stdout, stderr } = await daemon.tbox(args);
  if (code === 0) expect(stdout.replaceAll("\r\n", "\n")).toMatch(output);
  // An exec that does not start prints the reason.
  return { code, stderr: code === 0 ? stderr : stderr + stdout };
}

/** Returns a way that runs a container in a namespace of the target and compares the namespaces. */
function joins(kind: "pid" | "net" | "ipc"): Way {
  return async (target) => {
    const option = { pid: "--pid", net: "--network", ipc: "--ipc" }[kind];
    const network = kind === "net" ? [] : ["--network", "none"];
    const link = `/proc/self/ns/${kind}`;
    const command = [
      "run",
      "--rm",
      ...network,
      option,
      `container:${target.name}`,
      "ways:1",
      "readlink",
      link,
    ];
    const { code, stdout, stderr } = await target.daemon.tbox(command);
    const own = await target.daemon.tbox(["exec", target.name, "readlink", link]);
    // A target that is ending has no namespaces any more.
    if (code === 0 && own.code === 0) expect(stdout).toBe(own.stdout);
    return { code, stderr };
  };
}

async function copyIn({ daemon, name }: Target): Promise<Result> {
  using files = temporaryDirectory("ways-in");
  writeFileSync(`${files.path}/file`, "copied\n");
  const copied = await daemon.tbox(["cp", `${files.path}/file`, `${name}:/copied`]);
  if (copied.code !== 0) return copied;
  expect((await daemon.tbox(["cp", `${name}:/copied`, "-"])).stdout).toContain("copied\n");
  const changes = await daemon.tbox(["diff", name]);
  expect(changes.stdout).toContain("A /copied\n");
  return changes;
}

async function copyOut({ daemon, name }: Target): Promise<Result> {
  using files = temporaryDirectory("ways-in");
  const copied = await daemon.tbox(["cp", `${name}:/marker`, `${files.path}/out`]);
  if (copied.code === 0) expect(readFileSync(`${files.path}/out`, "utf8")).toBe(marker);
  return copied;
}

async function exportTar({ daemon, name }: Target): Promise<Result> {
  using files = temporaryDirectory("ways-in");
  const exported = await daemon.tbox(["export", "-o", `${files.path}/tar`, name]);
  if (exported.code === 0) expect(await tarNames(readFileSync(`${files.path}/tar`))).toContain("marker");
  return exported;
}

async function commit({ daemon, name }: Target): Promise<Result> {
  const committed = await daemon.tbox(["commit", name, "ways:committed"]);
  if (committed.code !== 0) return committed;
  const run = ["run", "--rm", "--network", "none", "--entrypoint", "cat", "ways:committed", "/marker"];
  expect((await daemon.tbox(run)).stdout).toBe(marker);
  return daemon.tbox(["rmi", "ways:committed"]);
}

/** Returns the result of a probe; a container without a running program is not probed and not healthy. */
async function healthCheck({ daemon, name }: Target): Promise<Result> {
  const state = async () => JSON.parse(await daemon.printed("inspect", "-f", "{{json .State}}", name));
  const probes = async () => (await state()).Health?.Log ?? [];
  const runs = (await state()).Status === "running";
  if (runs) await until(async () => (await state()).Status !== "running" || (await probes()).length > 0);
  const last = (await probes()).at(-1);
  if (runs && last !== undefined) return { code: last.ExitCode, stderr: last.Output };
  expect((await state()).Health?.Status ?? "unhealthy").toBe("unhealthy");
  return { code: 1, stderr: "no probe" };
}

/** Reads the log; the program prints `up` when it starts. */
async function logs({ daemon, name }: Target): Promise<Result> {
  const { code, stdout, stderr } = await daemon.tbox(["logs", name]);
  if (code === 0 && !/^up\r?\n/.test(stdout)) return { code: 1, stderr: stdout || "no output" };
  return { code, stderr };
}

/** Types a line and reads it back from `cat`, the program of every running target. */
async function attach({ daemon, name }: Target): Promise<Result> {
  const status = () => daemon.printed("inspect", "-f", "{{.State.Status}}", name);
  if ((await status()) !== "running") return daemon.tbox(["attach", "--no-stdin", name]);
  using connection = await openConnection(daemon.socket);
  const head = "Host: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
  connection.write(`POST /containers/${name}/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\n${head}`);
  connection.write("typed\n");
  let echoed = false;
  connection.until("typed").then(
    () => {
      echoed = true;
    },
    () => {},
  );
  // An attachment to a target that has just ended waits for the next start.
  await until(async () => echoed || (await status()) !== "running");
  return echoed ? worked : { code: 1, stderr: "has ended" };
}

/** Every way into a container. */
export const ways = {
  exec: (target) => prints(target, ["exec", target.name, "echo", "inside"], /^inside\n$/),
  "exec -t": (target) => prints(target, ["exec", "-t", target.name, "echo", "inside"], /^inside\n$/),
  "exec --user": (target) => prints(target, ["exec", "--user", "0:0", target.name, "id", "-u"], /^0\n$/),
  "exec --workdir": (target) =>
    prints(target, ["exec", "--workdir", "/bin", target.name, "pwd"], /^\/bin\n$/),
  "exec --privileged": (target) =>
    prints(target, ["exec", "--privileged", target.name, "echo", "inside"], /^inside\n$/),
  "cp in": copyIn,
  "cp out": copyOut,
  export: exportTar,
  "health check": healthCheck,
  logs,
  attach,
  top: (target) => prints(target, ["top", target.name], /\b(cat|sleep|sh)\b/),
  stats: (target) => prints(target, ["stats", "--no-stream", target.name], target.name),
  "another container with --pid": joins("pid"),
  "another container with --network": joins("net"),
  "another container with --ipc": joins("ipc"),
  commit,
  diff: (target) => prints(target, ["diff", target.name], ""),
} satisfies Record<string, Way>;

export type WayName = keyof typeof ways;
