/**
 * Uses a daemon for a long time and prints how its memory, descriptors, processes and disk usage change: a leak has a
 * slope. Each round runs a container, executes a command in another one, stops it, builds and pulls.
 *
 * Usage: bun bench/soak.ts TBOX SHELL.TAR PLACE [MINUTES]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { startImageServer } from "#test/support/image-server.ts";
import { buildImage } from "#test/support/images.ts";
import { type BenchDaemon, startBenchDaemon } from "./support/daemon.ts";
import { type ProcessSample, sampleProcesses, slopePerHour } from "./support/process-sample.ts";

const [tbox, shell, place, minutes = "30"] = process.argv.slice(2);
if (tbox === undefined || shell === undefined || place === undefined) {
  console.error("usage: bun bench/soak.ts TBOX SHELL.TAR PLACE [MINUTES]");
  process.exit(2);
}

/** Milliseconds between two samples. */
const interval = 15_000;

/** Share of the time whose samples do not count: caches fill and code is compiled, for more than a thousand rounds. */
const warmUp = 0.5;

const context = `${place}/context`;
mkdirSync(context, { recursive: true });
await using server = startImageServer();
await using daemon = await startBenchDaemon(tbox, `${place}/soak`);
daemon.call("import", shell, "box");

const samples: ProcessSample[] = [];
const begun = performance.now();
const end = begun + Number(minutes) * 60_000;
let rounds = 0;
for (let next = begun; performance.now() < end; rounds++) {
  await useOnce(daemon, rounds);
  if (performance.now() < next) continue;
  next = performance.now() + interval;
  const sample = await sampleProcesses(daemon, (performance.now() - begun) / 3_600_000);
  samples.push(sample);
  console.log(`${rounds} rounds: ${describe(sample)}`);
}
const counted = samples.filter(({ hours }) => hours >= (Number(minutes) / 60) * warmUp);
console.log(`\n${rounds} rounds in ${minutes} minutes; change per hour after the warm-up, the first half:`);
for (const name of Object.keys(samples[0]?.values ?? {})) {
  const values = counted.map(({ hours, values }): [number, number] => [hours, values[name] ?? 0]);
  console.log(
    `${name.padEnd(24)} ${(values.at(-1)?.[1] ?? 0).toFixed(0).padStart(8)}  ${slopePerHour(values).toFixed(1).padStart(8)} per hour`,
  );
}

async function useOnce({ call, environment }: BenchDaemon, round: number): Promise<void> {
  const name = `box-${round}`;
  call("run", "--rm", "box", "true");
  call("run", "-d", "--name", name, "-p", "0:80", "-v", `volume-${round}:/data`, "box", "sleep", "1000");
  call("exec", name, "sh", "-c", "echo x >/data/x");
  call("stop", "-t", "0", name);
  call("rm", "-v", name);
  call("volume", "rm", `volume-${round}`);
  call("network", "create", `network-${round}`);
  call("run", "--rm", "--network", `network-${round}`, "box", "true");
  call("network", "rm", `network-${round}`);
  if (round % 5 !== 0) return;
  writeFileSync(`${context}/file`, `${round}`);
  writeFileSync(`${context}/Dockerfile`, "FROM box\nCOPY file /file\nRUN cat /file >/copy\n");
  call("build", "-q", "-t", "built", context);
  server.publish("1", buildImage({ layers: [[{ path: "file", content: `${round}` }]] }));
  // The registry is in this process, so the pull must not block it.
  const pull = Bun.spawn([tbox ?? "", "pull", "-q", `${server.host}/app:1`], {
    env: environment,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if ((await pull.exited) !== 0) throw new Error("the pull failed");
  call("rmi", `${server.host}/app:1`);
  call("image", "prune", "-f");
  call("builder", "prune", "-a", "-f");
}

function describe({ values }: ProcessSample): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value.toFixed(0)}`)
    .join(", ");
}
