import { expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { docker as runDocker } from "#test/support/docker.ts";
import type { ProgramOptions } from "#test/support/program.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import { type ContextFiles, writeContext } from "../support/build.ts";
import { buildxUnavailable } from "../support/buildx.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

const obstacle = buildxUnavailable ?? shellUnavailable;
daemonSuite("docker build with buildx", { obstacle, prepare: loadBox }, (daemon) => {
  // buildx writes to the directory of the configuration.
  const docker = (args: string[], options: ProgramOptions = {}) =>
    runDocker(daemon.socket, args, {
      ...options,
      environment: { DOCKER_CONFIG: `${daemon.environment.HOME}/docker` },
    });
  const build = async (dockerfile: string, files: ContextFiles, ...options: string[]) => {
    using context = writeContext({ Dockerfile: dockerfile, ...files });
    return await docker(["build", "--progress", "plain", ...options, context.path]);
  };

  test("builds an image that runs, and uses the cache of tbox build", async () => {
    const dockerfile = "FROM box:1\nCOPY f /f\nRUN cat /f >/g\nCMD cat /g\n";
    using context = writeContext({ Dockerfile: dockerfile, f: "from buildx\n" });
    const args = ["build", "--progress", "plain", "-t", "bx:1", context.path];
    const first = await docker(args);
    expect(first.stderr).toContain("naming to docker.io/library/bx:1");
    expect((await docker(["run", "--rm", "--network", "none", "bx:1"])).stdout).toBe("from buildx\n");
    const again = await docker(args);
    expect(again.stderr.match(/CACHED/g)).toHaveLength(3);
    expect((await daemon.tbox(["build", context.path])).stderr).toContain("CACHED");
  });

  test("shows the output and the lines of a failed step", async () => {
    const { code, stderr } = await build("FROM box:1\nRUN echo before\nRUN echo broken; exit 3\n", {});
    expect(code).toBe(1);
    expect(stderr).toContain("broken");
    expect(stderr).toContain("   3 | >>> RUN echo broken; exit 3");
    expect(stderr).toContain('failed to solve: process "/bin/sh -c echo broken; exit 3" did not complete');
  });

  test("passes secrets and named contexts", async () => {
    using other = writeContext({ x: "named" });
    using secret = temporaryDirectory("secret");
    writeFileSync(`${secret.path}/s`, "hidden");
    const dockerfile =
      "FROM box:1\nRUN --mount=type=secret,id=s echo [$(cat /run/secrets/s)]\nCOPY --from=other x /x\nRUN cat /x\n";
    const given = ["--secret", `id=s,src=${secret.path}/s`, "--build-context", `other=${other.path}`];
    const { code, stderr } = await build(dockerfile, {}, ...given);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/\[hidden\][\s\S]*named/) });
  });

  test("builds targets of a bake file that depend on each other", async () => {
    const bake = {
      group: { default: { targets: ["base", "app"] } },
      target: {
        base: { dockerfile: "Base", tags: ["bake-base:1"] },
        app: { dockerfile: "App", contexts: { mother: "target:base" }, tags: ["bake-app:1"] },
      },
    };
    using context = writeContext({
      "bake.json": JSON.stringify(bake),
      Base: "FROM box:1\nENV WHO=mother\nRUN echo base >/base\n",
      App: "FROM mother\nCMD echo $WHO; cat /base\n",
    });
    const built = await docker(["buildx", "bake", "-f", "bake.json", "--progress", "plain"], {
      cwd: context.path,
    });
    expect({ code: built.code, stderr: built.code === 0 ? "" : built.stderr }).toEqual({
      code: 0,
      stderr: "",
    });
    expect((await docker(["run", "--rm", "--network", "none", "bake-app:1"])).stdout).toBe("mother\nbase\n");
  });

  test("exports files to a directory, and leaves no image behind", async () => {
    using out = temporaryDirectory("out");
    const dockerfile = "FROM scratch\nCOPY a /a\nCOPY a /d/b\n";
    const { code } = await build(dockerfile, { a: "text" }, "-o", out.path);
    expect(code).toBe(0);
    expect(readdirSync(out.path).sort()).toEqual(["a", "d"]);
    expect(readFileSync(`${out.path}/d/b`, "utf8")).toBe("text");
  });

  test("--check reports findings and builds nothing", async () => {
    const { code, stdout } = await build("FROM box:1 as lower\n", {}, "--check");
    expect(code).toBe(1);
    expect(stdout).toContain("FromAsCasing");
  });

  test("an error in the text of a Dockerfile begins with its line, and the error of a step does not", async () => {
    const wrong = await build("FROM box:1 AS Upper\nNOPE x\n", {});
    expect(wrong.stderr).toContain("dockerfile parse error on line 2: unknown instruction: NOPE");
    expect(wrong.stderr).toContain("StageNameCasing: Stage name 'Upper' should be lowercase");
    const checked = await build("FROM box:1\nNOPE x\n", {}, "--check");
    expect(checked.stdout + checked.stderr).toContain(
      "dockerfile parse error on line 2: unknown instruction: NOPE",
    );
    const missing = await build("FROM box:1\nCOPY absent /\n", {});
    expect(missing.stderr).not.toContain("parse error");
    const dated = await build("FROM box:1\nCOPY absent /\n", {}, "--build-arg", "SOURCE_DATE_EPOCH=today");
    expect(dated.stderr).toContain("give a number of seconds");
  });

  test("--call outline and targets describe the Dockerfile", async () => {
    const dockerfile =
      "# A is an argument\nARG A=1\nFROM box:$A AS low\nRUN --mount=type=secret,id=s exit 1\n";
    const outline = await build(dockerfile, {}, "--call", "outline", "--build-arg", "A=2");
    expect(outline).toMatchObject({ code: 0, stdout: expect.stringMatching(/^A +2 +is an argument *$/m) });
    const targets = await build(dockerfile, {}, "--call", "targets");
    expect(targets.stdout).toContain("low (default)");
  });

  test("Ctrl-C ends the running step", async () => {
    using context = writeContext({ Dockerfile: "FROM box:1\nRUN echo begun; sleep 3600\n" });
    const child = Bun.spawn(["docker", "build", "--progress", "plain", context.path], {
      env: { ...daemon.environment, DOCKER_HOST: `unix://${daemon.socket}` },
      stderr: "pipe",
      stdout: "ignore",
    });
    let seen = "";
    for await (const chunk of child.stderr) {
      seen += Buffer.from(chunk);
      if (seen.includes(" begun\n")) child.kill("SIGINT");
    }
    expect(await child.exited).not.toBe(0);
    const running = async () => (await daemon.request("GET", "/containers/json")).text();
    await until(async () => (await running()).trim() === "[]");
  });
});
