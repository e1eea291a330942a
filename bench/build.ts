/**
 * Compares `tbox build` with buildah (overlay storage and chroot isolation, its fastest configuration) on the same base
 * image, in one run: an unchanged rebuild of 12 steps with a context of 75 MB in 4,000 files, thirty trivial RUN steps,
 * and a COPY of that context, which is also compared with `cp -a` and `sha256sum`.
 *
 * Usage: bun bench/build.ts TBOX ROOTFS_TAR DIRECTORY [ROUNDS]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { environmentOf } from "./support/environment.ts";
import { type Candidate, measure, quantile, type Series } from "./support/measure.ts";

const [tbox, rootfs, directory, roundsText = "10"] = process.argv.slice(2);
if (tbox === undefined || rootfs === undefined || directory === undefined) {
  console.error("usage: bun bench/build.ts TBOX ROOTFS_TAR DIRECTORY [ROUNDS]");
  process.exit(2);
}
const rounds = Number(roundsText);
const image = "localhost/bench-shell:latest";
const environment = {
  ...environmentOf(process.env),
  TMPDIR: directory,
  CONTAINERS_STORAGE_CONF: `${directory}/storage.conf`,
};
const files = 4000;
const bytes = 75_000_000;
const runSteps = 30;

writeFileSync(
  environment.CONTAINERS_STORAGE_CONF,
  `[storage]\ndriver = "overlay"\nrunroot = "${directory}/containers-run"\ngraphroot = "${directory}/containers"\n`,
);
writeContext(`${directory}/context`);
writeDockerfile(
  "rebuild",
  [...Array(9).keys()].map((n) => `RUN echo ${n} > /r${n}`).concat("WORKDIR /w", "COPY . /ctx"),
);
writeDockerfile(
  "steps",
  [...Array(runSteps).keys()].map((n) => `RUN echo ${n} > /r${n}`),
);
writeDockerfile("copy", ["COPY . /ctx"]);
run([tbox, "import", rootfs, image]);
run([tbox, "save", "-o", `${directory}/base.tar`, image]);
const buildah = hasBuildah();

const before = loadavg()[0];
console.log(`builds, interleaved runs, milliseconds; load average ${before?.toFixed(2)} before\n`);
print(`unchanged rebuild of 12 steps, ${bytes / 1e6} MB in ${files} files`, both("rebuild", []), {
  rounds,
  warmups: 1,
});
print(`${runSteps} RUN steps, each`, both("steps", ["--no-cache"]), {
  rounds: Math.max(2, Math.floor(rounds / 3)),
  warmups: 1,
  share: runSteps,
});
print("COPY of that context", [...both("copy", ["--no-cache"]), copyAndHash()], {
  rounds: Math.max(3, Math.floor(rounds / 2)),
  warmups: 1,
});
console.log(`load average ${loadavg()[0]?.toFixed(2)} after`);

function both(name: string, options: string[]): Candidate[] {
  const given = [
    ...options,
    "-t",
    `bench-${name}`,
    "-f",
    `${directory}/${name}.Dockerfile`,
    `${directory}/context`,
  ];
  const candidates = [{ name: "tbox build", command: [tbox ?? "", "build", "-q", ...given], environment }];
  if (buildah) {
    const command = ["buildah", "build", "-q", "--isolation", "chroot", "--layers", "--pull-never", ...given];
    candidates.push({ name: "buildah build", command, environment });
  }
  return candidates;
}

/** Copies the context into a new directory each time. */
function copyAndHash(): Candidate {
  const script =
    'd=$(mktemp -d); cp -a "$1" "$d"; find "$d" -type f -print0 | xargs -0 sha256sum > /dev/null';
  return {
    name: "cp -a, sha256",
    command: ["sh", "-c", script, "sh", `${directory}/context`],
    environment,
  };
}

function hasBuildah(): boolean {
  try {
    run(["buildah", "pull", "-q", `docker-archive:${directory}/base.tar`]);
    return true;
  } catch (error) {
    console.error(`buildah is not measured: ${error instanceof Error ? error.message : error}`);
    return false;
  }
}

/** Incompressible bytes that are equal in every run. */
function writeContext(path: string): void {
  const size = bytes / files;
  const content = new Uint8Array(size);
  let state = 1;
  for (let file = 0; file < files; file++) {
    for (let at = 0; at < size; at++) {
      state = (state * 1103515245 + 12345) & 0x7fffffff;
      content[at] = state >> 16;
    }
    const folder = `${path}/d${file % 50}`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/f${file}`, content);
  }
}

function writeDockerfile(name: string, lines: string[]): void {
  writeFileSync(`${directory}/${name}.Dockerfile`, `FROM ${image}\n${lines.join("\n")}\n`);
}

function run(command: string[]): void {
  const result = Bun.spawnSync(command, { env: environment, stdin: "ignore", stderr: "pipe" });
  if (result.exitCode !== 0) throw new Error(`${command.join(" ")}: ${result.stderr.toString().trim()}`);
}

function print(
  title: string,
  candidates: Candidate[],
  { rounds, warmups, share = 1 }: { rounds: number; warmups: number; share?: number },
): void {
  const series: Series[] = measure(candidates, { rounds, warmups, pause: 50 });
  const own = series[0];
  if (own === undefined) return;
  console.log(`${title}, ${rounds} runs`);
  console.log("                   min     p50     max   ratio to tbox (p50)");
  for (const { name, times } of series) {
    const last = times.at(-1) ?? 0;
    const columns = [quantile(times, 0), quantile(times, 0.5), last].map((time) =>
      (time / share).toFixed(1).padStart(7),
    );
    const ratio = quantile(times, 0.5) / quantile(own.times, 0.5);
    console.log(`${name.padEnd(15)} ${columns.join(" ")}   ${ratio.toFixed(2)}`);
  }
  console.log();
}
