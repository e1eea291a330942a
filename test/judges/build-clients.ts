import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { writeContext, writeDockerfiles } from "#bench/build/files.ts";
import { type DockerfileCase, dockerfiles } from "#test/dockerfiles/cases.ts";
import { startDaemon } from "#test/support/daemon.ts";
import { type Outcome, runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { temporaryDirectory } from "#test/support/temp.ts";

/**
 * Builds realistic Dockerfiles with every installed client of Docker: each builds anew, once more from its cache, and the
 * result is checked. Then compares times. Usage, as an ordinary user, with an image that a registry serves, or an archive of an
 * image with a shell: `bun test/judges/build-clients.ts IMAGE|ARCHIVE [NAME...]`
 */
const [given, ...names] = process.argv.slice(2);
if (given === undefined) {
  console.error("usage: bun test/judges/build-clients.ts IMAGE|ARCHIVE [NAME...]");
  process.exit(2);
}
await using daemon = await startDaemon();
using work = temporaryDirectory("judge");
const isArchive = given.endsWith(".tar");
const image = isArchive ? "judge/base:1" : given;
if (isArchive) await daemon.printed("import", given, image);

const environment = {
  DOCKER_HOST: `unix://${daemon.socket}`,
  DOCKER_CONFIG: `${work.path}/docker`,
  // The contexts are outside the directory of the bake files.
  BUILDX_BAKE_ENTITLEMENTS_FS: "0",
};
const run = (command: string[], more: Record<string, string> = {}): Promise<Outcome> =>
  runProgram(command, { cwd: work.path, environment: { ...daemon.environment, ...environment, ...more } });
const hasPlugin = async (name: string) => (await run(["docker", name, "version"])).code === 0;

/** A client: its command for a Dockerfile, which gives the image its name. */
interface Client {
  title: string;
  build(one: DockerfileCase, tag: string): Promise<Outcome>;
}

const folderOf = (name: string) => `${repository}/test/dockerfiles/${name}`;
const argumentsOf = ({ options }: DockerfileCase) => [
  `BASE=${image}`,
  ...options.flatMap((text, at) => (options[at - 1] === "--build-arg" ? [text] : [])),
];
const buildArguments = (one: DockerfileCase) => argumentsOf(one).flatMap((text) => ["--build-arg", text]);

/** Returns a client whose file names the build; the file has the given name and text. */
function fromFile(
  title: string,
  file: string,
  text: (one: DockerfileCase, tag: string) => string,
  command: string[],
) {
  return {
    title,
    build(one: DockerfileCase, tag: string) {
      writeFileSync(`${work.path}/${file}`, text(one, tag));
      return run(command);
    },
  };
}

const targetOf = (one: DockerfileCase, tag: string) => ({
  context: folderOf(one.name),
  tags: [tag],
  args: Object.fromEntries(argumentsOf(one).map((text) => text.split(/=(.*)/s, 2))),
});
const bakeJson = (one: DockerfileCase, tag: string) =>
  JSON.stringify({ target: { default: targetOf(one, tag) } });
const bakeHcl = (one: DockerfileCase, tag: string) => {
  const { context, args } = targetOf(one, tag);
  const lines = Object.entries(args).map(([name, value]) => `    ${name} = ${JSON.stringify(value)}`);
  return `target "default" {\n  context = "${context}"\n  tags = ["${tag}"]\n  args = {\n${lines.join("\n")}\n  }\n}\n`;
};
const composeFile = (one: DockerfileCase, tag: string) => {
  const { context, args } = targetOf(one, tag);
  return JSON.stringify({ services: { built: { image: tag, build: { context, args } } } });
};

const clients: Client[] = [
  { title: "tbox build", build: (one, tag) => tboxBuild(buildArguments(one), tag, folderOf(one.name)) },
];
if (await hasPlugin("buildx")) {
  const bake = (file: string) => ["docker", "buildx", "bake", "--progress=plain", "-f", file];
  clients.push(
    {
      title: "docker buildx build",
      build: (one, tag) =>
        run([
          "docker",
          "buildx",
          "build",
          "--progress=plain",
          ...buildArguments(one),
          "-t",
          tag,
          folderOf(one.name),
        ]),
    },
    fromFile("bake, HCL", "bake.hcl", bakeHcl, bake("bake.hcl")),
    fromFile("bake, JSON", "bake.json", bakeJson, bake("bake.json")),
    fromFile("bake, compose file", "bake.yaml", composeFile, [...bake("bake.yaml"), "built"]),
  );
}
if (await hasPlugin("compose")) {
  const compose = ["docker", "compose", "--progress=plain", "-f", "compose.yaml", "build"];
  clients.push(fromFile("docker compose build", "compose.yaml", composeFile, compose));
}

function tboxBuild(options: string[], tag: string, folder: string, ...more: string[]): Promise<Outcome> {
  return daemon.tbox(["build", "--progress=plain", ...more, ...options, "-t", tag, folder]);
}

let failed = 0;
const fits = ({ name, base }: DockerfileCase) =>
  names.length > 0 ? names.includes(name) : base === "shell" || !isArchive;
for (const { title, build } of clients) {
  const verdicts: string[] = [];
  for (const one of dockerfiles.filter(fits)) verdicts.push(await judge(one, title, build));
  console.log(`${title}: ${verdicts.join(", ")}`);
}

/** Builds without a cache, checks the image, and builds from the cache. */
async function judge(one: DockerfileCase, title: string, build: Client["build"]): Promise<string> {
  const tag = `${one.name}:judged`;
  await daemon.tbox(["rmi", "-f", tag]);
  await daemon.tbox(["builder", "prune", "-af"]);
  const begun = performance.now();
  try {
    const first = await build(one, tag);
    if (first.code !== 0) throw new Error(first.stderr.slice(-4000));
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    await one.check(daemon, tag);
    const { Id: before } = JSON.parse(await daemon.printed("image", "inspect", "-f", "{{json .}}", tag));
    const again = await build(one, tag);
    const { Id: after } = JSON.parse(await daemon.printed("image", "inspect", "-f", "{{json .}}", tag));
    if (again.code !== 0 || before !== after) throw new Error("the second build has another result");
    return `${one.name} ${seconds} s`;
  } catch (error) {
    failed++;
    console.error(`${title}, ${one.name}: ${error instanceof Error ? error.message : error}`);
    return `${one.name} FAILED`;
  }
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

if (clients.some(({ title }) => title === "docker buildx build")) {
  const context = `${work.path}/context`;
  writeContext(context, 4000);
  writeDockerfiles(work.path, image, 1);
  const file = ["-f", `${work.path}/rebuild.Dockerfile`, "-t", "rebuild:1", context];
  const own = () => daemon.tbox(["build", "-q", ...file]);
  const other = () => run(["docker", "buildx", "build", "-q", ...file]);
  for (const warm of [own, other]) await timeOf(warm, 2);
  const [mine, theirs] = [await timeOf(own), await timeOf(other)];
  const ratio = (theirs / mine).toFixed(1);
  console.log(
    `unchanged build of 12 steps, 75 MB in 4,000 files: tbox ${mine.toFixed(0)} ms, buildx ${theirs.toFixed(0)} ms (${ratio} x)`,
  );
}

if (clients.some(({ title }) => title === "docker compose build")) {
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
rmSync(work.path, { recursive: true, force: true });
console.log(failed === 0 ? "all passed" : `${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
