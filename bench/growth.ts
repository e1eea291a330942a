/**
 * Compares commands on a full store with the same commands on an empty one, and measures a build with many files and
 * many running containers.
 *
 * Usage: bun bench/growth.ts TBOX SHELL.TAR PLACE [ROUNDS]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { type BenchDaemon, startBenchDaemon } from "./support/daemon.ts";
import { fillStore, type StoreSize } from "./support/fill-store.ts";
import { manyImages } from "./support/many-images.ts";

const [tbox, shell, place, rounds = "20"] = process.argv.slice(2);
if (tbox === undefined || shell === undefined || place === undefined) {
  console.error("usage: bun bench/growth.ts TBOX SHELL.TAR PLACE [ROUNDS]");
  process.exit(2);
}

const size: StoreSize = { images: 1000, stopped: 500, running: 200, volumes: 500, networks: 1000 };
const crowd = Number(process.env.TBOX_BENCH_CROWD ?? "1000");
const contextFiles = 100_000;

const commands: [string, string[]][] = [
  ["ps", ["ps"]],
  ["ps -a", ["ps", "-a"]],
  ["images", ["images"]],
  ["network ls", ["network", "ls"]],
  ["volume ls", ["volume", "ls"]],
  ["system df", ["system", "df"]],
  ["run --rm", ["run", "--rm", "box", "true"]],
];

await using empty = await startBenchDaemon(tbox, `${place}/empty`);
await using full = await startBenchDaemon(tbox, `${place}/full`);
for (const daemon of [empty, full]) daemon.call("import", shell, "box");
console.log(`filling a store; load average ${loadavg()[0]?.toFixed(2)}`);
const made = await fillStore(full, { archive: manyImages(place, size.images), size });
console.log(`full store: ${made}`);

compareCommands();
await compareStarts();
await buildMany(empty, place);
await runMany(full, size.running, crowd);

function compareCommands(): void {
  const series = commands.map(() => ({ empty: [] as number[], full: [] as number[] }));
  // Interleaved rounds, so that the noise of a shared machine affects all commands equally.
  for (let round = -2; round < Number(rounds); round++) {
    commands.forEach(([, args], index) => {
      for (const [name, daemon] of [
        ["empty", empty],
        ["full", full],
      ] as const) {
        const begun = performance.now();
        daemon.call(...args);
        if (round >= 0) series[index]?.[name].push(performance.now() - begun);
      }
    });
  }
  console.log("\ncommand, ms (median, minimum)     empty          full     full / empty");
  commands.forEach(([name], index) => {
    printRow(name, series[index]?.empty ?? [], series[index]?.full ?? []);
  });
}

async function compareStarts(): Promise<void> {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < Math.max(5, Number(rounds) / 4); round++) {
    times[0].push(await empty.restart());
    times[1].push(await full.restart());
  }
  printRow("start of the daemon", ...times);
}

function printRow(name: string, before: number[], after: number[]): void {
  const text = (times: number[]) =>
    `${median(times).toFixed(1).padStart(8)} ${Math.min(...times)
      .toFixed(1)
      .padStart(7)}`;
  const ratio = median(after) / median(before);
  console.log(`${name.padEnd(24)} ${text(before)}  ${text(after)}   ${ratio.toFixed(2).padStart(6)}`);
}

function median(times: number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}

/** Builds with a context of many small files: first one file of it, then all. */
async function buildMany(daemon: BenchDaemon, directory: string): Promise<void> {
  const context = `${directory}/context`;
  for (let index = 0; index < contextFiles; index++) {
    const folder = `${context}/${Math.floor(index / 500)}`;
    if (index % 500 === 0) mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/${index}`, `${index}`);
  }
  for (const source of ["0/0", "."]) {
    await daemon.restart();
    writeFileSync(`${directory}/Dockerfile`, `FROM box\nCOPY ${source} /copied/\n`);
    for (const kind of ["first", "again"]) {
      daemon.resetPeak();
      const before = daemon.memory();
      const begun = performance.now();
      daemon.call("build", "-q", "-f", `${directory}/Dockerfile`, context);
      const time = (performance.now() - begun) / 1000;
      const grown = (daemon.peak() - before) / 1024;
      console.log(
        `build of ${contextFiles} files, COPY ${source}, ${kind}: ${time.toFixed(2)} s, memory of the daemon +${grown.toFixed(0)} MiB`,
      );
    }
  }
}

/** Starts containers until `total` run or one fails, and prints memory and descriptors. */
async function runMany(daemon: BenchDaemon, running: number, total: number): Promise<void> {
  console.log(`\n${running} running: ${daemon.describeProcesses()}`);
  let count = running;
  const begun = performance.now();
  try {
    for (; count < total; count++) daemon.call("run", "-d", "box", "sleep", "100000");
  } catch (error) {
    console.log(`container ${count + 1} did not start: ${error instanceof Error ? error.message : error}`);
  }
  const each = (performance.now() - begun) / Math.max(1, count - running);
  console.log(`${count} running, ${each.toFixed(1)} ms a start: ${daemon.describeProcesses()}`);
}
