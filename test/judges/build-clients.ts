import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { writeContext, writeDockerfiles } from "#bench/build/files.ts";
import { type DockerfileCase, dockerfiles } from "#test/dockerfiles/cases.ts";
import { startDaemon } from "#test/support/daemon.ts";
import { type Outcome, runProgram } from "#test/support/program.ts";
import { startRegistry } from "#test/support/registry.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import {
  type BuildClient,
  devContainerClients,
  dockerClients,
  type RunClient,
  tboxClient,
} from "./support/build-clients.ts";

/**
 * Builds realistic Dockerfiles with every installed client of Docker: each builds anew, once more from its cache, and the
 * result is checked. With `--times`, compares times, also with a real buildkitd at an ADDRESS (`unix://PATH`). IMAGE is a reference that a registry serves, or an archive of a root file
 * system. The packages of Debian's cases are installed once, before the first client. Usage, as an ordinary user:
 * `bun test/judges/build-clients.ts [--shell=IMAGE] [--debian=IMAGE] [--buildx=PLUGIN]... [--devcontainer=PROGRAM]
 * [--client=TEXT] [--times [--buildkitd=ADDRESS]] [NAME...]`
 */
const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    shell: { type: "string" },
    debian: { type: "string" },
    buildx: { type: "string", multiple: true, default: [] },
    devcontainer: { type: "string" },
    client: { type: "string" },
    buildkitd: { type: "string" },
    times: { type: "boolean", default: false },
  },
});
await using daemon = await startDaemon();
using work = temporaryDirectory("judge");

const run: RunClient = (command, configuration = `${work.path}/docker`) =>
  runProgram(command, {
    cwd: work.path,
    environment: {
      ...daemon.environment,
      DOCKER_HOST: `unix://${daemon.socket}`,
      DOCKER_CONFIG: configuration,
      // The contexts are outside the directory of the bake files.
      BUILDX_BAKE_ENTITLEMENTS_FS: "0",
    },
  });

/** Base images by kind; a case of a kind without an image is left out. */
const bases: Partial<Record<DockerfileCase["base"], string>> = {};
if (options.shell !== undefined) bases.shell = await baseImage(options.shell, "judge/shell:1");
if (options.debian !== undefined) {
  bases.debian = await withPackages(await baseImage(options.debian, "judge/debian:bare"), "judge/debian:1");
}
const clients = [
  tboxClient((args) => daemon.tbox(args)),
  ...(await dockerClients(run, work.path, options.buildx)),
  ...(options.devcontainer === undefined ? [] : devContainerClients(run, work.path, options.devcontainer)),
].filter(({ title }) => options.client === undefined || title.includes(options.client));

let failed = 0;
for (const client of clients) {
  const verdicts: string[] = [];
  for (const one of dockerfiles) {
    const base = bases[one.base];
    if (base === undefined || (names.length > 0 && !names.includes(one.name))) continue;
    if (client.canBuild?.(one) === false) continue;
    verdicts.push(await judge(one, base, client));
  }
  if (verdicts.length > 0) console.log(`${client.title}: ${verdicts.join(", ")}`);
}
if (options.times) await compareTimes(bases.shell ?? bases.debian ?? "");
console.log(failed === 0 ? "all passed" : `${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function baseImage(given: string, name: string): Promise<string> {
  if (!given.endsWith(".tar")) return given;
  await daemon.printed("import", given, name);
  return name;
}

/** Builds a base image that has the packages of all cases, so that a client's build takes seconds. */
async function withPackages(base: string, name: string): Promise<string> {
  const packages =
    "ca-certificates cargo gcc golang-go jq libc6-dev make nginx-light nodejs python3 python3-venv sqlite3 tini";
  const folder = `${work.path}/packages`;
  mkdirSync(folder);
  const install = `apt-get update && apt-get install -y --no-install-recommends ${packages}`;
  writeFileSync(`${folder}/Dockerfile`, `FROM ${base}\nRUN ${install}\n`);
  await daemon.printed("build", "-q", "-t", name, folder);
  return name;
}

/** Builds without cached steps, which may leave files in cache mounts, checks the image, and builds from the cache. */
async function judge(one: DockerfileCase, base: string, { title, build }: BuildClient): Promise<string> {
  const tag = `${one.name}:judged`;
  await daemon.tbox(["rmi", "-f", tag]);
  await daemon.tbox(["builder", "prune", "-af", "--filter", "type=regular"]);
  const begun = performance.now();
  try {
    const first = await build(one, base, tag);
    if (first.code !== 0) throw new Error(first.stderr.slice(-4000));
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    await one.check(daemon, tag);
    const before = await daemon.printed("image", "inspect", "-f", "{{.Id}}", tag);
    const again = await build(one, base, tag);
    const after = await daemon.printed("image", "inspect", "-f", "{{.Id}}", tag);
    if (again.code !== 0 || before !== after) throw new Error("the second build has another result");
    return `${one.name} ${seconds} s`;
  } catch (error) {
    failed++;
    console.error(`${title}, ${one.name}: ${error instanceof Error ? error.message : error}`);
    return `${one.name} FAILED`;
  }
}

async function compareTimes(image: string): Promise<void> {
  if ((await run(["docker", "buildx", "version"])).code === 0) await compareUnchanged(image);
  if ((await run(["docker", "compose", "version"])).code === 0) await compareServices(image);
}

/** Compares an unchanged build of `tbox build`, of buildx, and of buildx with a real buildkitd. */
async function compareUnchanged(image: string): Promise<void> {
  await using registry = await startRegistry();
  const base = `${registry.host}/base:1`;
  await daemon.printed("tag", image, base);
  await daemon.printed("push", "-q", base);
  const context = `${work.path}/context`;
  writeContext(context, 4000);
  writeDockerfiles(work.path, base, 1);
  const file = ["-q", "-f", `${work.path}/rebuild.Dockerfile`, context];
  const buildx = ["docker", "buildx", "build", ...file];
  const commands: Record<string, () => Promise<Outcome>> = {
    "tbox build": () => daemon.tbox(["build", "-t", "rebuild:1", ...file]),
    buildx: () => run([...buildx, "-t", "rebuild:1"]),
    "buildx version": () => run(["docker", "buildx", "version"]),
  };
  if (options.buildkitd !== undefined) {
    await run(["docker", "buildx", "create", "--name", "peer", "--driver", "remote", options.buildkitd]);
    const peer = [...buildx, "--builder", "peer", "-o", "type=image,name=rebuild:1"];
    commands["buildx with buildkitd"] = () => run(peer);
  }
  const medians = await mediansOf(commands);
  const own = medians["tbox build"] ?? 0;
  const shown = Object.entries(medians).map(
    ([name, time]) => `${name} ${time.toFixed(0)} ms (${(time / own).toFixed(1)} x)`,
  );
  console.log(`unchanged build of 12 steps, 75 MB in 4,000 files: ${shown.join(", ")}`);
}

/** Returns the median time of each command in milliseconds. The commands take turns, so that they share the load. */
async function mediansOf(commands: Record<string, () => Promise<Outcome>>): Promise<Record<string, number>> {
  const times = Object.entries(commands).map(([name, work]) => ({ name, work, all: [] as number[] }));
  for (const { work } of times) await timeOf(work, 2);
  for (let round = 0; round < 7; round++) {
    for (const { work, all } of times) all.push(await timeOf(work, 1));
  }
  return Object.fromEntries(times.map(({ name, all }) => [name, all.toSorted((a, b) => a - b)[3] ?? 0]));
}

/** Compares a build of five services with a build of the longest. */
async function compareServices(image: string): Promise<void> {
  const seconds = [1, 2, 2, 2, 4];
  const services = Object.fromEntries(
    seconds.map((time, at) => {
      const context = `${work.path}/s${at}`;
      mkdirSync(context, { recursive: true });
      writeFileSync(`${context}/Dockerfile`, `FROM ${image}\nRUN sleep ${time}; echo ${at} >/s\n`);
      return [`s${at}`, { image: `s${at}:1`, build: { context } }];
    }),
  );
  writeFileSync(`${work.path}/five.yaml`, JSON.stringify({ services }));
  const compose = (...more: string[]) =>
    run(["docker", "compose", "-f", "five.yaml", "build", "-q", "--no-cache", ...more]);
  const longest = await timeOf(() => compose("s4"), 1);
  const all = await timeOf(() => compose(), 1);
  const ratio = (all / longest).toFixed(2);
  console.log(
    `compose: five services ${all.toFixed(0)} ms, the longest alone ${longest.toFixed(0)} ms (${ratio} x)`,
  );
}

/** Returns the median time of a command in milliseconds. */
async function timeOf(work: () => Promise<Outcome>, rounds = 5): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now();
    const { code, stderr } = await work();
    if (code !== 0) throw new Error(stderr.slice(-2000));
    times.push(performance.now() - begun);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0;
}
