/**
 * Measures pulls and pushes of two images with registries on loopback, and the limits of this machine for the same layers.
 * Also measures the daemon's memory during a pull of 1 GiB.
 *
 * Usage: bun bench/images.ts TBOX LIMITS PLACE [ROUNDS]
 */
import { mkdirSync, readFileSync } from "node:fs";
import { debianLayers, giantLayer, twelveLayers } from "./support/bench-images.ts";
import { type LayerFile, startRegistry, upload } from "./support/registry.ts";

const [tbox, limits, place, rounds = "3"] = process.argv.slice(2);
if (tbox === undefined || limits === undefined || place === undefined) {
  console.error("usage: bun bench/images.ts TBOX LIMITS PLACE [ROUNDS]");
  process.exit(2);
}

const inNamespace = ["unshare", "--map-root-user", "--map-auto"];
const images: Record<string, LayerFile[]> = { debian: debianLayers(place), twelve: twelveLayers(place) };
const source = await startRegistry(`${place}/source`);
const target = await startRegistry(`${place}/target`);
try {
  for (const [name, layers] of Object.entries(images)) await upload(source, name, layers);
  await upload(source, "giant", giantLayer(place));
  const names = Object.keys(images).map((name) => `${source.host}/${name}:1`);
  const options = ["-n", rounds, "--insecure", "--push", `${target.host}/bench`];
  console.log(run([tbox, "bench", "pull", ...options, ...names]));
  for (const [name, layers] of Object.entries(images)) printLimits(name, layers);
  measureGiant(tbox, place);
} finally {
  source.stop();
  target.stop();
}

/** Prints the time of decompression, hashing and writing alone. */
function printLimits(name: string, layers: LayerFile[]): void {
  const found = JSON.parse(run([limits ?? "", ...layers.map(({ path }) => path)]));
  let write = 0;
  for (const { path } of layers) {
    const directory = `${place}/written`;
    mkdirSync(directory);
    run(["sh", "-c", 'gzip -dc "$0" > "$1.tar"', path, directory]);
    const before = Bun.nanoseconds();
    run([...inNamespace, "tar", "-C", directory, "-xf", `${directory}.tar`]);
    write += (Bun.nanoseconds() - before) / 1e9;
    run([...inNamespace, "rm", "-rf", directory]);
  }
  const { inflate, hash, bytes } = found;
  const size = `${layers.length} layers, ${(bytes / 1e6).toFixed(0)} MB unpacked`;
  const times = `inflate ${inflate.toFixed(2)}, hash ${hash.toFixed(2)}, write ${write.toFixed(2)}`;
  console.log(`${name}: ${size}; alone, seconds: ${times}`);
}

/** Prints the peak memory of the daemon during a pull into an empty store. */
function measureGiant(program: string, parent: string): void {
  const directory = `${parent}/giant-store`;
  const environment = {
    ...process.env,
    TBOX_DATA_DIR: `${directory}/data`,
    TBOX_RUN_DIR: `${directory}/run`,
  };
  for (const part of ["", "/data", "/run"]) mkdirSync(`${directory}${part}`, { mode: 0o700 });
  run([program, "version"], environment);
  try {
    const pid = readFileSync(`${directory}/data/daemon.lock`, "utf8").trim();
    run([program, "pull", "-q", `${source.host}/giant:1`], environment);
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    console.log(`pull of 1 GiB: peak memory of the daemon ${(Number(peak) / 1024).toFixed(0)} MiB`);
  } finally {
    run([program, "daemon", "stop"], environment);
    run([...inNamespace, "rm", "-rf", directory]);
  }
}

function run(command: string[], environment = process.env): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { env: environment, stdin: "ignore" });
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString().trim()}`);
  return stdout.toString();
}
