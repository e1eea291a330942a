import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { linesOf } from "#test/support/lines.ts";
import { until } from "#test/support/until.ts";
import { writeContext } from "../support/build.ts";
import { composeUnavailable, openBuildx } from "../support/buildx.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

const obstacle = composeUnavailable ?? shellUnavailable;
daemonSuite("docker compose with builds", { obstacle, prepare: loadBox }, (daemon) => {
  const { docker } = openBuildx(daemon);
  /** Runs Compose on the project in a directory; throws when it fails. */
  async function compose(cwd: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await docker(["compose", "--progress", "plain", ...args], { cwd });
    if (code !== 0) throw new Error(`compose ${args.join(" ")}: ${stderr}${stdout}`);
    return stdout;
  }
  const project = (services: object, name: string) => JSON.stringify({ name, services });

  test("builds services that share a context and services that build on another", async () => {
    const services = {
      base: { image: "shared-base:1", build: { context: ".", target: "base" } },
      app: { image: "shared-app:1", build: { context: ".", target: "app" } },
      top: {
        image: "shared-top:1",
        build: { context: "top", additional_contexts: { mother: "service:app" } },
      },
    };
    using context = writeContext({
      "compose.yaml": project(services, "shared"),
      Dockerfile: "FROM box:1 AS base\nCOPY f /f\nFROM base AS app\nRUN cat /f >/app\n",
      f: "in the context\n",
      "top/Dockerfile": "FROM mother\nCMD cat /app\n",
    });
    await compose(context.path, "build");
    const shown = await docker(["run", "--rm", "--network", "none", "shared-top:1"]);
    expect(shown.stdout).toBe("in the context\n");
    const before = await daemon.printed("image", "inspect", "-f", "{{.Id}}", "shared-app:1");
    await compose(context.path, "build");
    expect(await daemon.printed("image", "inspect", "-f", "{{.Id}}", "shared-app:1")).toBe(before);
  });

  test("up --build replaces the container of a service whose files changed", async () => {
    const services = { web: { build: ".", network_mode: "none", stop_grace_period: "0s" } };
    using context = writeContext({
      "compose.yaml": project(services, "replaced"),
      Dockerfile: "FROM box:1\nCOPY f /f\nCMD cat /f; sleep 3600\n",
      f: "first\n",
    });
    const logged = (text: string) =>
      until(async () => (await compose(context.path, "logs", "--no-log-prefix")).includes(text));
    try {
      await compose(context.path, "up", "-d", "--build");
      await logged("first");
      writeFileSync(`${context.path}/f`, "second\n");
      await compose(context.path, "up", "-d", "--build");
      await logged("second");
    } finally {
      await compose(context.path, "down", "--rmi", "local");
    }
    expect(await daemon.printed("ps", "-aq")).toBe("");
  });

  test("a failed build names the service's step, and starts nothing", async () => {
    const services = { bad: { build: "." } };
    using context = writeContext({
      "compose.yaml": project(services, "bad"),
      Dockerfile: "FROM box:1\nRUN echo reason; exit 7\n",
    });
    const { code, stdout, stderr } = await docker(["compose", "--progress", "plain", "up", "--build"], {
      cwd: context.path,
    });
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain("reason");
    expect(stdout + stderr).toContain('process "/bin/sh -c echo reason; exit 7" did not complete');
    expect(await daemon.printed("ps", "-aq")).toBe("");
  });

  test("watch copies changed files into the container, and builds anew", async () => {
    const services = {
      app: {
        network_mode: "none",
        stop_grace_period: "0s",
        build: ".",
        develop: {
          watch: [
            { action: "sync", path: "./live", target: "/live" },
            { action: "rebuild", path: "./f" },
          ],
        },
      },
    };
    using context = writeContext({
      "compose.yaml": project(services, "watched"),
      Dockerfile: "FROM box:1\nCOPY live /live\nCOPY f /f\nCMD sleep 3600\n",
      "live/page": "old\n",
      f: "first\n",
    });
    await compose(context.path, "up", "-d", "--build");
    const watching = Bun.spawn(["docker", "compose", "watch", "--no-up"], {
      cwd: context.path,
      env: {
        ...daemon.environment,
        DOCKER_HOST: `unix://${daemon.socket}`,
        DOCKER_CONFIG: `${daemon.environment.HOME}/docker`,
      },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const container = "watched-app-1";
    const contentOf = async (path: string) =>
      (await daemon.tbox(["exec", container, "cat", path])).stdout.trim();
    let said = "";
    const listening = (async () => {
      for await (const line of linesOf(watching.stdout)) said += `${line}\n`;
    })();
    try {
      // The client sees only changes that come after this.
      await until(() => said.includes("Watch enabled"));
      writeFileSync(`${context.path}/live/page`, "new\n");
      await until(async () => (await contentOf("/live/page")) === "new");
      writeFileSync(`${context.path}/f`, "second\n");
      await until(async () => (await contentOf("/f")) === "second");
    } finally {
      watching.kill("SIGTERM");
      await Promise.all([watching.exited, listening]);
      await compose(context.path, "down", "--rmi", "local");
    }
  });
});
