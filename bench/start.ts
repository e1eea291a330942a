/**
 * Compares `tbox run --rm --network none IMAGE true` with bubblewrap and rootless podman on the same root file system, in
 * one run. The payload has no C library, so that the engine is measured and not the start of the payload.
 *
 * Usage: bun bench/start.ts TBOX ROOTFS [ROUNDS]
 */
import { loadavg } from "node:os";
import { environmentOf } from "./support/environment.ts";
import { type Candidate, measure, measureInRow, quantile, type Series } from "./support/measure.ts";

const [tbox, rootfs, rounds = "100"] = process.argv.slice(2);
if (tbox === undefined || rootfs === undefined) {
  console.error("usage: bun bench/start.ts TBOX ROOTFS [ROUNDS]");
  process.exit(2);
}

const environment = environmentOf(process.env);
const image = "bench-true";
const payload = "/bin/true";

prepare([tbox, "import", "-", image]);
const run: Candidate = {
  name: "tbox run",
  command: [tbox, "run", "--rm", "--network", "none", image, payload],
  environment,
};
const bwrap: Candidate = {
  name: "bwrap",
  command: ["bwrap", "--unshare-all", "--bind", rootfs, "/", "--proc", "/proc", "--dev", "/dev", payload],
  environment,
};
const candidates: Candidate[] = [
  run,
  bwrap,
  { name: "tbox, bridge", command: [tbox, "run", "--rm", image, payload], environment },
];
const podman = podmanCandidate();
if (podman) candidates.push(podman);

title(`start of a container, ${rounds} interleaved runs each`);
print(measure(candidates, { rounds: Number(rounds), warmups: 10, pause: 20 }));
title(`start of a container, ${rounds} runs each, back to back`);
print(measureInRow([run, bwrap], Number(rounds)));
title(`commands, ${rounds} interleaved runs each`);
print(measure(commandCandidates(), { rounds: Number(rounds), warmups: 10, pause: 20 }));

/** Commands that need no new container, beside nsenter, which joins the namespaces of one. */
function commandCandidates(): Candidate[] {
  const call = (name: string, ...args: string[]): Candidate => ({
    name: `tbox ${name}`,
    command: [tbox ?? "", name, ...args],
    environment,
  });
  const started = Bun.spawnSync(
    [tbox ?? "", "run", "-d", "--rm", "--rootfs", "/", "--network", "none", "sleep", "1000"],
    { env: environment },
  );
  const id = started.stdout.toString().trim();
  const format = ["inspect", "--format", "{{.State.Pid}}", id];
  const pid = Bun.spawnSync([tbox ?? "", ...format], { env: environment })
    .stdout.toString()
    .trim();
  process.on("exit", () => void Bun.spawnSync([tbox ?? "", "rm", "-f", id], { env: environment }));
  const joined = ["-t", pid, "-U", "--preserve-credentials", "-m", "-u", "-i", "-n", "-p"];
  return [
    call("exec", id, "true"),
    { name: "nsenter", command: ["nsenter", ...joined, "true"], environment },
    call("--version"),
    call("ps"),
    call("images"),
  ];
}

/** Podman without the features that this machine may refuse; undefined when it does not run here. */
function podmanCandidate(): Candidate | undefined {
  const run = ["podman", "run", "--rm", "--network", "none", "--cgroups=disabled", "--runtime", "crun"];
  const command = [...run, "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000", image, payload];
  try {
    prepare(["podman", "import", "-", image]);
    const probe = Bun.spawnSync(command, { env: environment, stderr: "pipe" });
    if (probe.exitCode === 0) return { name: "podman run", command, environment };
    console.error(`podman is not measured: ${probe.stderr.toString().trim().split("\n").at(-1)}`);
  } catch (error) {
    console.error(`podman is not measured: ${error instanceof Error ? error.message : error}`);
  }
  return undefined;
}

/** Pipes the root file system as a tar archive into an import command. */
function prepare(command: string[]): void {
  const archive = Bun.spawnSync(["tar", "-C", rootfs ?? "", "-c", "."], { stderr: "inherit" });
  const result = Bun.spawnSync(command, { env: environment, stdin: archive.stdout, stderr: "pipe" });
  if (result.exitCode !== 0) throw new Error(`${command.join(" ")}: ${result.stderr.toString().trim()}`);
}

function title(text: string): void {
  console.log(`\n${text}, milliseconds; load average ${loadavg()[0]?.toFixed(2)}`);
}

function print(series: Series[]): void {
  const own = series[0];
  if (own === undefined) return;
  console.log(`                   min     p50     p90   ${own.name} / this (p50)`);
  for (const { name, times } of series) {
    const columns = [0, 0.5, 0.9].map((share) => quantile(times, share).toFixed(2).padStart(7)).join(" ");
    const ratio = quantile(own.times, 0.5) / quantile(times, 0.5);
    console.log(`${name.padEnd(15)} ${columns}   ${ratio.toFixed(2)}`);
  }
}
