/**
 * Compares pulls and pushes with rootless podman, with the same registries on loopback and an empty store each time. Also
 * measures the daemon's memory during a large pull, and the list of many images.
 *
 * Usage: bun bench/pull.ts TBOX LIMITS PLACE [ROUNDS]
 */
import { mkdirSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { debianLayers, giantLayer, manyImages, twelveLayers } from "./support/bench-images.ts";
import { measure, quantile } from "./support/measure.ts";
import { type LayerFile, startRegistry, upload } from "./support/registry.ts";

const [tbox, limits, place, rounds = "3"] = process.argv.slice(2);
if (tbox === undefined || limits === undefined || place === undefined) {
  console.error("usage: bun bench/pull.ts TBOX LIMITS PLACE [ROUNDS]");
  process.exit(2);
}

/** Durations in seconds. */
interface Times {
  pull: number;
  push: number;
}

const inNamespace = ["unshare", "--map-root-user", "--map-auto"];
const images: Record<string, LayerFile[]> = { debian: debianLayers(place), twelve: twelveLayers(place) };
const source = await startRegistry(`${place}/source`);
try {
  for (const [name, layers] of Object.entries(images)) await upload(source, name, layers);
  await upload(source, "giant", giantLayer(place));
  console.log(
    `images, ${rounds} interleaved rounds, best of each; load average ${loadavg()[0]?.toFixed(2)}\n`,
  );
  for (const [name, layers] of Object.entries(images)) await compare(name, layers);
  measureGiant();
  measureList();
  console.log(`\nload average ${loadavg()[0]?.toFixed(2)} at the end`);
} finally {
  source.stop();
}

async function compare(name: string, layers: LayerFile[]): Promise<void> {
  const own: Times[] = [];
  const podman: Times[] = [];
  for (let round = 0; round < Number(rounds); round++) {
    own.push(await timeTbox(name, round));
    const times = await timePodman(name, round);
    if (times) podman.push(times);
  }
  const best = (list: Times[], kind: keyof Times) => Math.min(...list.map((times) => times[kind]));
  const { inflate, hash, write, bytes } = measureLimits(layers);
  const megabytes = (bytes / 1e6).toFixed(0);
  console.log(`${name}: ${layers.length} layers, ${megabytes} MB unpacked, seconds`);
  for (const kind of ["pull", "push"] as const) {
    const [ours, theirs] = [best(own, kind), best(podman, kind)];
    const ratio =
      podman.length > 0 ? `${theirs.toFixed(2)}, ${(theirs / ours).toFixed(1)} times ours` : "not here";
    console.log(`  ${kind}: tbox ${ours.toFixed(2)}, podman ${ratio}`);
  }
  const alone = `inflate ${inflate.toFixed(2)}, hash ${hash.toFixed(2)}, write ${write.toFixed(2)}`;
  const share = Math.max(inflate, hash, write) / best(own, "pull");
  console.log(`  alone: ${alone}; the slowest is ${(share * 100).toFixed(0)} % of our pull\n`);
}

async function timeTbox(name: string, round: number): Promise<Times> {
  using daemon = startDaemon(`${name}-${round}`);
  using target = await emptyRegistry();
  const image = `${source.host}/${name}:1`;
  const pull = time([tbox ?? "", "pull", "-q", image], daemon.environment);
  const pushed = `${target.host}/${name}:1`;
  run([tbox ?? "", "tag", image, pushed], daemon.environment);
  return { pull, push: time([tbox ?? "", "push", "-q", pushed], daemon.environment) };
}

/** Returns undefined when podman does not work here. */
async function timePodman(name: string, round: number): Promise<Times | undefined> {
  using target = await emptyRegistry();
  // podman refuses a run directory whose path is longer than 50 characters.
  const directory = `${place}/${name.slice(0, 1)}${round}`;
  const podman = ["podman", "--root", `${directory}/root`, "--runroot", `${directory}/run`];
  const image = `${source.host}/${name}:1`;
  const pushed = `${target.host}/${name}:1`;
  try {
    const pull = time([...podman, "pull", "-q", "--tls-verify=false", image]);
    const push = time([...podman, "push", "-q", "--tls-verify=false", image, pushed]);
    return { pull, push };
  } catch (error) {
    console.error(`podman is not measured: ${error instanceof Error ? error.message : error}`);
    return undefined;
  } finally {
    removeTree(directory);
  }
}

/** An empty registry for pushes: clients skip blobs that a registry has. */
async function emptyRegistry(): Promise<{ host: string } & Disposable> {
  const directory = `${place}/target`;
  const { host, stop } = await startRegistry(directory);
  return {
    host,
    [Symbol.dispose]() {
      stop();
      removeTree(directory);
    },
  };
}

function measureLimits(layers: LayerFile[]): { inflate: number; hash: number; write: number; bytes: number } {
  const found = JSON.parse(run([limits ?? "", ...layers.map(({ path }) => path)]));
  let write = 0;
  for (const { path } of layers) {
    const directory = `${place}/written`;
    mkdirSync(directory);
    run(["sh", "-c", 'gzip -dc "$0" > "$1.tar"', path, directory]);
    write += time([...inNamespace, "tar", "-C", directory, "-xf", `${directory}.tar`]);
    removeTree(directory);
  }
  return { ...found, write };
}

/** Returns the peak memory of the daemon and of the worker that unpacks. */
function measureGiant(): void {
  using daemon = startDaemon("giant");
  const pull = time([tbox ?? "", "pull", "-q", `${source.host}/giant:1`], daemon.environment);
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${daemon.pid}/status`, "utf8"))?.[1];
  console.log(`pull of 1 GiB: ${pull.toFixed(1)} s, peak memory of the daemon ${mebibytes(peak)} MiB`);
}

function measureList(): void {
  using daemon = startDaemon("many");
  run([tbox ?? "", "load", "-q", "-i", manyImages(place ?? "", 1000)], daemon.environment);
  const candidate = { name: "tbox images", command: [tbox ?? "", "images"], environment: daemon.environment };
  const [series] = measure([candidate], { rounds: 30, warmups: 5, pause: 20 });
  const times = series?.times ?? [];
  const [least, middle] = [quantile(times, 0), quantile(times, 0.5)];
  console.log(
    `tbox images with 1,000 images: minimum ${least.toFixed(1)} ms, median ${middle.toFixed(1)} ms`,
  );
}

function mebibytes(kilobytes = ""): string {
  return (Number(kilobytes) / 1024).toFixed(0);
}

interface Daemon extends Disposable {
  pid: number;
  environment: Record<string, string>;
}

/** Runs a function with a new store and removes the store afterwards. */
function startDaemon(name: string): Daemon {
  const directory = `${place}/tbox-${name}`;
  const environment = {
    ...ownEnvironment(),
    TBOX_DATA_DIR: `${directory}/data`,
    TBOX_RUN_DIR: `${directory}/run`,
  };
  for (const part of ["", "/data", "/run"]) mkdirSync(`${directory}${part}`, { mode: 0o700 });
  run([tbox ?? "", "version"], environment);
  const pid = Number(run(["pgrep", "-f", "tbox-main daemon"]).trim().split("\n").at(-1));
  return {
    pid,
    environment,
    [Symbol.dispose]() {
      run([tbox ?? "", "daemon", "stop"], environment);
      removeTree(directory);
    },
  };
}

function ownEnvironment(): Record<string, string> {
  return Object.fromEntries(
    ["HOME", "PATH", "XDG_RUNTIME_DIR", "TMPDIR"].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function time(command: string[], environment = ownEnvironment()): number {
  const before = Bun.nanoseconds();
  run(command, environment);
  return (Bun.nanoseconds() - before) / 1e9;
}

function run(command: string[], environment = ownEnvironment()): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { env: environment, stdin: "ignore" });
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString().trim()}`);
  return stdout.toString();
}

/** Removes a tree, files of subordinate ids included. */
function removeTree(path: string): void {
  run([...inNamespace, "rm", "-rf", path]);
}
