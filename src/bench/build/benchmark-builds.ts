import { mkdirSync, writeFileSync } from "node:fs";
import { errorChain } from "#support/errors.ts";
import { type BenchmarkOptions, runBenchmark } from "../benchmark.ts";
import { splitInstalled } from "../installed-peers.ts";
import type { Candidate } from "../measure/candidate.ts";
import { interleaved } from "../measure/rounds.ts";
import { output } from "../output.ts";
import { ownCommand } from "../own-command.ts";
import { openPrivateStore } from "../private-store.ts";
import type { BenchResult, Group } from "../result.ts";
import { fileSize, writeContext, writeDockerfiles } from "./files.ts";

export interface BuildOptions extends BenchmarkOptions {
  /** Base image with a shell. */
  image: string;
  /** Number of files in the context. */
  files: number;
  /** Number of RUN steps without cache. */
  steps: number;
  peers: readonly string[];
}

/** Programs that a build can be compared with. */
export const buildPeers = ["buildah", "podman", "cp"] as const;

/** A builder with its options: its storage is below the benchmark's directory. */
interface Builder {
  name: string;
  /** Command line up to the options of a build. */
  command: string[];
  environment: Record<string, string | undefined>;
}

/** Measures an unchanged rebuild, steps without cache, and a COPY of many files. */
export function benchmarkBuilds(options: BuildOptions): Promise<BenchResult> {
  return runBenchmark("build", async (directory) => {
    const { image, files, steps, rounds, progress, signal } = options;
    progress("preparing the context and the image");
    writeContext(`${directory}/context`, files);
    writeDockerfiles(directory, image, steps);
    const archive = `${directory}/image.tar`;
    output(ownCommand("create", "--name", `tbox-bench-${process.pid}`, image, "true"));
    output(ownCommand("rm", `tbox-bench-${process.pid}`));
    output(ownCommand("save", "-o", archive, image));
    using store = openPrivateStore(`${directory}/tbox`);
    output(ownCommand("load", "-q", "-i", archive), store);
    const own = { name: "tbox build", command: ownCommand("build", "-q"), environment: store.environment };
    const { builders, skipped } = findBuilders(options.peers, directory, archive, image);
    const all = [own, ...builders];
    const groups: Group[] = [];
    const measure = async (id: string, title: string, candidates: Candidate[], runs: number) => {
      progress(title);
      const given = { rounds: Math.max(2, Math.ceil(runs)), warmups: 1, pause: 50, signal };
      groups.push(await interleaved({ id, title, unit: "ms", comparable: true }, candidates, given));
    };
    const builds = (file: string, ...more: string[]) => all.map((one) => build(one, directory, file, more));
    const size = `${((files * fileSize) / 1e6).toFixed(0)} MB in ${files} files`;
    await measure("rebuild", `unchanged rebuild of 12 steps, ${size}`, builds("rebuild"), rounds);
    await measure("steps", `${steps} RUN steps without cache`, builds("steps", "--no-cache"), rounds / 3);
    const copies = builds("copy", "--no-cache");
    if (options.peers.includes("cp")) copies.push(copyAndHash(directory));
    await measure("copy", `COPY of ${size} without cache`, copies, rounds / 2);
    return { groups, skipped, storage: directory, settings: { image, rounds: String(rounds) } };
  });
}

function build(
  { name, command, environment }: Builder,
  directory: string,
  file: string,
  options: string[],
): Candidate {
  const rest = [
    "-t",
    `localhost/bench-${file}`,
    "-f",
    `${directory}/${file}.Dockerfile`,
    `${directory}/context`,
  ];
  return { name, command: [...command, ...options, ...rest], environment };
}

function findBuilders(
  names: readonly string[],
  directory: string,
  archive: string,
  image: string,
): { builders: Builder[]; skipped: BenchResult["skipped"] } {
  const { installed, skipped } = splitInstalled(names);
  const builders: Builder[] = [];
  for (const name of installed) {
    if (name !== "buildah" && name !== "podman") continue;
    try {
      builders.push(openBuilder(name, directory, archive, image));
    } catch (error) {
      skipped.push({ name, reason: errorChain(error) });
    }
  }
  return { builders, skipped };
}

/** Loads the base image into a storage of its own; chroot isolation is the peers' fastest. */
function openBuilder(name: "buildah" | "podman", directory: string, archive: string, image: string): Builder {
  const place = `${directory}/${name}`;
  mkdirSync(place);
  const file = `${place}/storage.conf`;
  const storage = [
    "[storage]",
    'driver = "overlay"',
    `runroot = "${place}/run"`,
    `graphroot = "${place}/graph"`,
  ];
  writeFileSync(file, `${storage.join("\n")}\n`);
  const environment = { ...process.env, TMPDIR: place, CONTAINERS_STORAGE_CONF: file };
  const pulled = output([name, "pull", "-q", `oci-archive:${archive}`], { environment });
  output([name, "tag", pulled, image], { environment });
  const command = [name, "build", "-q", "--isolation", "chroot", "--layers", "--pull-never"];
  return { name: `${name} build`, command, environment };
}

/** Copies the context into a new directory and hashes the copies, as a COPY step must. */
function copyAndHash(directory: string): Candidate {
  const script =
    'd=$(mktemp -d); cp -a "$1" "$d"; find "$d" -type f -print0 | xargs -0 sha256sum > /dev/null; rm -rf "$d"';
  return { name: "cp -a, sha256sum", command: ["sh", "-c", script, "sh", `${directory}/context`] };
}
