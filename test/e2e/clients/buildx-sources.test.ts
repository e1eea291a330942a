import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { docker as runDocker } from "#test/support/docker.ts";
import { type GitServer, serveRepository } from "#test/support/git-server.ts";
import type { ProgramOptions } from "#test/support/program.ts";
import { registryUnavailable, startRegistry, type TestRegistry } from "#test/support/registry.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { writeContext } from "../support/build.ts";
import { buildxUnavailable } from "../support/buildx.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

const me = { username: "me", password: "secret" };
const obstacle = buildxUnavailable ?? registryUnavailable ?? shellUnavailable;
daemonSuite("sources of docker build with buildx", { obstacle, prepare: loadBox }, (daemon) => {
  let repository: GitServer;
  let registry: TestRegistry;
  beforeAll(async () => {
    repository = serveRepository("smart");
    registry = await startRegistry(me);
    await Bun.write(
      `${daemon.environment.HOME}/docker/config.json`,
      JSON.stringify({ auths: { [registry.host]: { auth: btoa(`${me.username}:${me.password}`) } } }),
    );
  });
  afterAll(async () => {
    repository?.[Symbol.dispose]();
    await registry?.[Symbol.asyncDispose]();
  });
  const docker = (args: string[], options: ProgramOptions = {}) =>
    runDocker(daemon.socket, args, {
      ...options,
      environment: { DOCKER_CONFIG: `${daemon.environment.HOME}/docker` },
    });
  /** Runs docker and returns its output on stderr; throws when it fails. */
  const printed = async (...args: string[]) => {
    const { code, stderr } = await docker(args);
    if (code !== 0) throw new Error(stderr);
    return stderr;
  };
  const output = async (...command: string[]) =>
    (await docker(["run", "--rm", "--network", "none", ...command])).stdout;

  test("a git repository is the context, and a named context", async () => {
    await printed("build", "-t", "git:1", `${repository.url}#v1`);
    expect(await output("git:1", "cat", "/ctx/file")).toBe("old\n");
    using context = writeContext({ Dockerfile: "FROM box:1\nCOPY --from=repo file /file\n" });
    await printed("build", "-t", "git:2", "--build-context", `repo=${repository.url}`, context.path);
    expect(await output("git:2", "cat", "/file")).toBe("new\n");
  });

  test("a provenance names the commit of a git context", async () => {
    using out = temporaryDirectory("git");
    const files = ["--provenance=mode=max", "-o", out.path];
    const url = `${repository.url}#v1`;
    await printed("build", ...files, url);
    const { materials, invocation } = await Bun.file(`${out.path}/provenance.json`).json();
    const digest = { sha1: expect.stringMatching(/^[0-9a-f]{40}$/) };
    expect(materials).toContainEqual({ uri: url, digest });
    expect(invocation.configSource).toMatchObject({ uri: url, digest });
  });

  test("a tar from standard input is the context", async () => {
    using context = writeContext({ Dockerfile: "FROM box:1\nCOPY f /f\n", f: "from a tar\n" });
    const archive = Bun.spawnSync(["tar", "-C", context.path, "-c", "."]).stdout;
    expect((await docker(["build", "-t", "tar:1", "-"], { stdin: archive })).code).toBe(0);
    expect(await output("tar:1", "cat", "/f")).toBe("from a tar\n");
  });

  test("a Dockerfile comes from standard input or from an address", async () => {
    using context = writeContext({ f: "text\n" });
    const text = "FROM box:1\nCOPY f /f\n";
    const given = await docker(["build", "-t", "in:1", "-f", "-", context.path], { stdin: text });
    expect(given.code).toBe(0);
    using server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(text) });
    await printed("build", "-t", "in:2", "-f", `${server.url}Dockerfile`, context.path);
    expect(await output("in:2", "cat", "/f")).toBe("text\n");
  });

  test("a private base image is pulled, and a result pushed, with the client's credentials", async () => {
    const name = `${registry.host}/private/base:1`;
    using context = writeContext({ Dockerfile: "FROM box:1\nRUN echo private >/p\n" });
    await printed("build", "--push", "-t", name, context.path);
    await printed("rmi", name);
    using next = writeContext({ Dockerfile: `FROM ${name}\nRUN cat /p >/q\n` });
    await printed("build", "-t", "on-private:1", next.path);
    expect(await output("on-private:1", "cat", "/q")).toBe("private\n");
  });

  test("an OCI layout of the client is a named context", async () => {
    using out = temporaryDirectory("layout");
    using base = writeContext({ Dockerfile: "FROM box:1\nRUN echo from a layout >/l\n" });
    // buildx writes into a directory that exists.
    mkdirSync(`${out.path}/l`);
    await printed("build", "-o", `type=oci,tar=false,name=l:1,dest=${out.path}/l`, base.path);
    await printed("builder", "prune", "-af");
    using next = writeContext({ Dockerfile: "FROM base\nRUN cp /l /copied\nCOPY --from=base /l /m\n" });
    const layout = `base=oci-layout://${out.path}/l:1`;
    await printed("build", "-t", "layout:1", "--build-context", layout, next.path);
    expect(await output("layout:1", "cat", "/copied", "/m")).toBe("from a layout\n".repeat(2));
  });

  test("a tar of files goes to standard output", async () => {
    using context = writeContext({ Dockerfile: "FROM scratch\nCOPY f /f\n", f: "file in a tar" });
    const { code, stdout } = await docker(["build", "-o", "-", context.path]);
    expect(code).toBe(0);
    expect(stdout).toContain("file in a tar");
  });
});
