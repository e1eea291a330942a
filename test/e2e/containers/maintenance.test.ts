import { afterEach, expect, test } from "bun:test";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { awaitLine } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { until } from "#test/support/until.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

async function prepare(daemon: TestDaemon): Promise<void> {
  await loadShell(daemon, "box:1", { Labels: { kind: "box" } });
}

daemonSuite("maintenance of containers and images", { obstacle: shellUnavailable, prepare }, (daemon) => {
  afterEach(async () => {
    const left = (await tbox("ps", "-aq")).stdout.trim();
    if (left !== "") await tbox("rm", "-f", ...left.split("\n"));
  });

  const tbox = (...args: string[]) => daemon.tbox(args);
  const field = async (name: string, template: string) =>
    (await tbox("inspect", "-f", template, name)).stdout.trim();
  const start = (name: string, options: string[], ...command: string[]) =>
    tbox("run", "-d", "--name", name, "--network", "none", ...options, "box:1", ...command);

  test("restart keeps the container and its files", async () => {
    await start("again", [], "sh", "-c", "echo x >> /count; sleep 1000");
    const before = await field("again", "{{.State.Pid}}");
    expect((await tbox("restart", "-t", "0", "again")).stdout).toBe("again\n");
    expect(await field("again", "{{.State.Pid}}")).not.toBe(before);
    await until(async () => (await tbox("exec", "again", "cat", "/count")).stdout === "x\nx\n");
    await tbox("rm", "-f", "again");
  });

  test("a container with --rm survives a restart", async () => {
    await start("again", ["--rm"], "sleep", "1000");
    await tbox("restart", "-t", "0", "again");
    expect(await field("again", "{{.State.Status}}")).toBe("running");
    await tbox("kill", "again");
    await until(async () => (await tbox("ps", "-aq")).stdout === "");
  });

  test("rename replaces the name", async () => {
    await start("old", [], "sleep", "1000");
    await start("other", [], "sleep", "1000");
    expect((await tbox("rename", "old", "other")).stderr).toContain(
      'The container name "/other" is already in use',
    );
    expect((await tbox("rename", "old", "new")).code).toBe(0);
    expect((await tbox("inspect", "old")).code).toBe(1);
    expect(await field("new", "{{.Name}}")).toBe("/new");
    await tbox("rm", "-f", "new", "other");
  });

  test("top lists processes like ps", async () => {
    await start("busy", [], "sh", "-c", "sleep 1001 & sleep 1002; :");
    await tbox("exec", "-d", "busy", "sleep", "1003");
    await until(async () => (await tbox("top", "busy")).stdout.includes("sleep 1003"));
    const { stdout } = await tbox("top", "busy", "-o", "pid,args");
    const lines = stdout.trim().split("\n");
    expect(lines[0]).toMatch(/^PID\s+COMMAND$/);
    for (const name of ["sleep 1001", "sleep 1002", "sleep 1003"]) expect(stdout).toContain(name);
    expect(lines).toHaveLength(5);
    await tbox("kill", "busy");
    expect((await tbox("top", "busy")).stderr).toContain("is not running");
    await tbox("rm", "busy");
  });

  test("restart policy on-failure restarts a failed container up to its limit", async () => {
    await start("fail", ["--restart", "on-failure:2"], "sh", "-c", "echo run; exit 3");
    await until(async () => (await field("fail", "{{.State.Status}} {{.RestartCount}}")) === "exited 2");
    expect((await tbox("logs", "fail")).stdout).toBe("run\nrun\nrun\n");
    expect(await field("fail", "{{.State.ExitCode}}")).toBe("3");
    await tbox("rm", "fail");
  });

  test("restart policy always respects a stop, and a new daemon starts the container", async () => {
    await start("always", ["--restart", "always"], "sleep", "1000");
    await start("unless", ["--restart", "unless-stopped"], "sleep", "1000");
    await tbox("stop", "-t", "0", "always", "unless");
    expect(await field("always", "{{.State.Status}}")).toBe("exited");
    await daemon.kill();
    await daemon.start();
    await until(async () => (await field("always", "{{.State.Status}}")) === "running");
    expect(await field("unless", "{{.State.Status}}")).toBe("exited");
    await tbox("update", "--restart", "no", "always");
    await tbox("kill", "always");
    await until(async () => (await field("always", "{{.State.Status}}")) === "exited");
    await tbox("rm", "always", "unless");
  });

  test.each([
    [["--restart", "sometimes"], "unknown policy 'sometimes'"],
    [["--restart", "always:3"], "maximum retry count can only be used with 'on-failure'"],
    [["--restart", "always", "--rm"], "can't create 'AutoRemove' container with restart policy"],
  ])("%j is refused", async (options, message) => {
    const { stderr, code } = await start("bad", options, "true");
    expect(stderr).toContain(message);
    expect(code).toBe(125);
    expect((await tbox("ps", "-aq")).stdout).toBe("");
  });

  test("a health check reports healthy and unhealthy", async () => {
    const check = [
      "--health-cmd",
      "echo looked; test -e /ok",
      "--health-interval",
      "100ms",
      "--health-retries",
      "2",
    ];
    await start("sick", check, "sleep", "1000");
    const status = () => field("sick", "{{.State.Health.Status}}");
    expect(await status()).toBe("starting");
    await until(async () => (await status()) === "unhealthy");
    expect((await tbox("ps", "--filter", "health=unhealthy", "--format", "{{.Names}}")).stdout).toBe(
      "sick\n",
    );
    await tbox("exec", "sick", "touch", "/ok");
    await until(async () => (await status()) === "healthy");
    expect((await tbox("ps", "--format", "{{.Status}}")).stdout).toContain("(healthy)");
    expect(await field("sick", "{{(index .State.Health.Log 0).Output}}")).toContain("looked");
    await tbox("rm", "-f", "sick");
  });

  test("a health check above its timeout fails", async () => {
    const check = ["--health-cmd", "sleep 100", "--health-interval", "50ms", "--health-timeout", "100ms"];
    await start("slow", [...check, "--health-retries", "1"], "sleep", "1000");
    await until(async () => (await field("slow", "{{.State.Health.Status}}")) === "unhealthy");
    expect(await field("slow", "{{(index .State.Health.Log 0).Output}}")).toContain(
      "exceeded timeout (100ms)",
    );
    await tbox("rm", "-f", "slow");
  });

  test("events report the lifecycle of a container in order", async () => {
    const child = Bun.spawn(
      [`${repository}/dist/tbox`, "events", "--format", "{{.Action}}", "-f", "container=told"],
      {
        env: daemon.environment,
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    // Events start with the response head; failing renames are repeated until one is seen.
    await tbox("run", "--rm", "--name", "before", "--network", "none", "box:1", "true");
    const destroyed = awaitLine(child.stdout, "destroy");
    await tbox("run", "--rm", "--name", "told", "--network", "none", "box:1", "true");
    await destroyed;
    child.kill();
    const since = await tbox(
      "events",
      "--since",
      "10m",
      "--until",
      "0s",
      "-f",
      "container=told",
      "--format",
      "{{.Action}}",
    );
    expect(since.stdout).toBe("create\nattach\nstart\ndie\ndestroy\n");
    const one = await tbox(
      "events",
      "--since",
      "10m",
      "--until",
      "0s",
      "-f",
      "container=told",
      "-f",
      "event=die",
    );
    expect(one.stdout).toMatch(
      /^\S+Z container die [0-9a-f]{64} \(execDuration=0, exitCode=0, image=box:1, kind=box, name=told\)\n$/,
    );
  });

  test("prune removes unused containers, images and volumes, also by label", async () => {
    await start("kept", ["-l", "keep=yes"], "true");
    await start("gone", [], "true");
    await start("running", [], "sleep", "1000");
    await tbox("wait", "kept", "gone");
    const refused = await daemon.tbox(["container", "prune"], { stdin: "n\n" });
    expect(refused.stdout).toEndWith("[y/N] ");
    const pruned = await daemon.tbox(["container", "prune", "--filter", "label!=keep"], { stdin: "y\n" });
    expect(pruned.stdout).toMatch(/Deleted Containers:\n[0-9a-f]{64}\n\nTotal reclaimed space: /);
    expect((await tbox("ps", "-a", "--format", "{{.Names}}")).stdout).toBe("running\nkept\n");
    await tbox("rm", "-f", "kept", "running");
  });

  test("an image gains and loses names, and is pruned when unused", async () => {
    await loadShell(daemon, "spare:1", { Cmd: ["spare"] });
    expect((await tbox("tag", "spare:1", "other/name")).code).toBe(0);
    expect((await tbox("images", "--format", "{{.Repository}}:{{.Tag}}")).stdout).toContain(
      "other/name:latest\n",
    );
    expect((await tbox("history", "--format", "{{.CreatedBy}}", "spare:1")).stdout).toBe("test\n");
    expect((await tbox("tag", "nosuch", "x")).stderr).toContain("No such image: nosuch");
    await start("user", [], "true");
    const pruned = await tbox("image", "prune", "-af");
    expect(pruned.stdout).toContain("untagged: other/name:latest\n");
    expect((await tbox("images", "--format", "{{.Repository}}:{{.Tag}}")).stdout).toBe("box:1\n");
    await tbox("rm", "-f", "user");
  });
});
