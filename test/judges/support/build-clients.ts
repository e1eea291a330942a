import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import type { DockerfileCase } from "#test/dockerfiles/cases.ts";
import type { Outcome } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";

/** A client, with the command that builds a Dockerfile on a base image and names the result. */
export interface BuildClient {
  title: string;
  /** Returns whether the client can build the Dockerfile with Docker; default: all. */
  canBuild?(one: DockerfileCase): boolean;
  build(one: DockerfileCase, base: string, tag: string): Promise<Outcome>;
}

/** Runs a command in a directory with DOCKER_HOST set; the directory of Docker's plugins is an option. */
export type RunClient = (command: string[], configuration?: string) => Promise<Outcome>;

/** Parts of a build that every client gets in its own form. */
interface Parts {
  context: string;
  tag: string;
  args: Record<string, string>;
  /** Secrets, by id; values are files. */
  secrets: Record<string, string>;
}

/** Package registries may be behind a proxy with a certificate of its own. */
const authorities = "/etc/ssl/certs/ca-certificates.crt";

const folderOf = ({ name }: DockerfileCase) => `${repository}/test/dockerfiles/${name}`;

function partsOf(one: DockerfileCase, base: string, tag: string): Parts {
  const { options } = one;
  const given = options.flatMap((text, at) => (options[at - 1] === "--build-arg" ? [text] : []));
  return {
    context: folderOf(one),
    tag,
    args: Object.fromEntries([`BASE=${base}`, ...given].map((text) => text.split(/=(.*)/s, 2))),
    secrets: existsSync(authorities) ? { ca: authorities } : {},
  };
}

const secretsOf = ({ secrets }: Parts) =>
  Object.entries(secrets).map(([id, source]) => `id=${id},src=${source}`);

function commandLine(parts: Parts): string[] {
  return [
    "--progress=plain",
    ...Object.entries(parts.args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
    ...secretsOf(parts).flatMap((secret) => ["--secret", secret]),
    "-t",
    parts.tag,
    parts.context,
  ];
}

const bakeTarget = (parts: Parts) => ({
  context: parts.context,
  tags: [parts.tag],
  args: parts.args,
  secret: secretsOf(parts),
});

const bakeJson = (parts: Parts) => JSON.stringify({ target: { default: bakeTarget(parts) } });

function bakeHcl(parts: Parts): string {
  const { args, ...more } = bakeTarget(parts);
  const lines = Object.entries(more).map(([name, value]) => `  ${name} = ${JSON.stringify(value)}`);
  const values = Object.entries(args).map(([name, value]) => `    ${name} = ${JSON.stringify(value)}`);
  return `target "default" {\n${lines.join("\n")}\n  args = {\n${values.join("\n")}\n  }\n}\n`;
}

function composeFile({ tag, context, args, secrets }: Parts): string {
  const build = { context, args, secrets: Object.keys(secrets) };
  const files = Object.fromEntries(Object.entries(secrets).map(([id, file]) => [id, { file }]));
  return JSON.stringify({ services: { built: { image: tag, build } }, secrets: files });
}

/** Returns a client of `tbox build`. */
export function tboxClient(run: (args: string[]) => Promise<Outcome>): BuildClient {
  return {
    title: "tbox build",
    build: (one, base, tag) => run(["build", ...commandLine(partsOf(one, base, tag))]),
  };
}

/** Returns the clients of Docker's command line, with the installed plugins and with other versions of buildx. */
export async function dockerClients(
  run: RunClient,
  directory: string,
  plugins: string[],
): Promise<BuildClient[]> {
  const has = async (name: string) => (await run(["docker", name, "version"])).code === 0;
  const clients: BuildClient[] = [];
  if (await has("buildx")) {
    clients.push(fromArguments("docker build", run, ["docker", "build"]));
    clients.push(...(await buildxClients(run, directory)));
  }
  for (const [at, plugin] of plugins.entries()) {
    const configuration = `${directory}/plugin${at}`;
    mkdirSync(`${configuration}/cli-plugins`, { recursive: true });
    symlinkSync(plugin, `${configuration}/cli-plugins/docker-buildx`);
    clients.push(...(await buildxClients((command) => run(command, configuration), directory)));
  }
  if (await has("compose")) {
    const { stdout } = await run(["docker", "compose", "version", "--short"]);
    const compose = ["docker", "compose", "--progress=plain", "-f", "compose.yaml", "build"];
    const file = { name: "compose.yaml", text: composeFile };
    clients.push(
      fromFile(`docker compose ${stdout.trim()} build`, { run, directory, file, command: compose }),
    );
  }
  return clients;
}

async function buildxClients(run: RunClient, directory: string): Promise<BuildClient[]> {
  const { stdout } = await run(["docker", "buildx", "version"]);
  const version = `buildx ${stdout.split(" ")[1] ?? ""}`;
  const bake = (kind: string, name: string, text: (parts: Parts) => string, ...targets: string[]) => {
    const command = ["docker", "buildx", "bake", "--progress=plain", "-f", name, ...targets];
    return fromFile(`${version} bake of ${kind}`, { run, directory, file: { name, text }, command });
  };
  return [
    fromArguments(`${version} build`, run, ["docker", "buildx", "build"]),
    bake("HCL", "bake.hcl", bakeHcl),
    bake("JSON", "bake.json", bakeJson),
    bake("a compose file", "bake.yaml", composeFile, "built"),
  ];
}

function fromArguments(title: string, run: RunClient, command: string[]): BuildClient {
  return {
    title,
    build: (one, base, tag) => run([...command, ...commandLine(partsOf(one, base, tag))]),
  };
}

/** A command that reads a build from a file. */
interface FileCommand {
  run: RunClient;
  directory: string;
  file: { name: string; text: (parts: Parts) => string };
  command: string[];
}

function fromFile(title: string, { run, directory, file, command }: FileCommand): BuildClient {
  return {
    title,
    build(one, base, tag) {
      writeFileSync(`${directory}/${file.name}`, file.text(partsOf(one, base, tag)));
      return run(command);
    },
  };
}

/**
 * Returns the clients of the Dev Containers CLI: one builds the Dockerfile, the other adds a feature. The CLI cannot build all
 * Dockerfiles as they are. It adds stages, which run the ONBUILD instructions of the last stage. It inspects the image of the
 * last FROM, which `scratch` does not have. It reads a line of a here-document that begins with `from` as a FROM.
 */
export function devContainerClients(run: RunClient, directory: string, program: string): BuildClient[] {
  return [false, true].map((withFeature) => ({
    title: `devcontainer build${withFeature ? ", with a feature" : ""}`,
    canBuild(one) {
      const text = readFileSync(`${folderOf(one)}/Dockerfile`, "utf8");
      const last = text.slice(text.lastIndexOf("\nFROM "));
      return !/^(?:ONBUILD |FROM scratch|from )/m.test(last);
    },
    build(one, base, tag) {
      const folder = `${directory}/dev${withFeature ? "-feature" : ""}`;
      writeProject(folder, partsOf(one, base, tag), withFeature);
      return run([program, "build", "--workspace-folder", folder, "--image-name", tag]);
    },
  }));
}

function writeProject(folder: string, parts: Parts, withFeature: boolean): void {
  mkdirSync(`${folder}/.devcontainer/mark`, { recursive: true });
  const options = secretsOf(parts).map((secret) => `--secret=${secret}`);
  const build = {
    dockerfile: `${parts.context}/Dockerfile`,
    context: parts.context,
    args: parts.args,
    options,
  };
  const features = withFeature ? { features: { "./mark": {} } } : {};
  const files = {
    "devcontainer.json": JSON.stringify({ build, ...features }),
    "mark/devcontainer-feature.json": JSON.stringify({ id: "mark", version: "1.0.0" }),
    "mark/install.sh": "#!/bin/sh\nset -e\ntouch /mark\n",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(`${folder}/.devcontainer/${name}`, text);
}
