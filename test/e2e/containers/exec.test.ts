import { expect, test } from "bun:test";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { hasRanges } from "#test/support/user.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

async function prepare(daemon: TestDaemon): Promise<void> {
  await loadShell(daemon, "box:1", { Env: ["PATH=/bin", "OF=image"], WorkingDir: "/var" });
  await daemon.tbox([
    "run",
    "-d",
    "--name",
    "box",
    "--network",
    "none",
    "-e",
    "GIVEN=yes",
    "box:1",
    "sleep",
    "1000",
  ]);
}

daemonSuite("exec", { obstacle: shellUnavailable, prepare }, (daemon) => {
  const exec = (options: string[], ...command: string[]) =>
    daemon.tbox(["exec", ...options, "box", ...command]);
  const sh = (script: string, ...options: string[]) => exec(options, "sh", "-c", script);

  test("has its own output streams and exit code", async () => {
    expect(await sh("echo out; echo err >&2; exit 7")).toEqual({ stdout: "out\n", stderr: "err\n", code: 7 });
  });

  test.each([
    [["/nope"], 127],
    [["nopath"], 127],
    [["/etc/passwd"], 126],
  ])("of %j that cannot be executed exits with %d", async (command, code) => {
    const outcome = await exec([], ...command);
    expect(outcome.code).toBe(code);
    expect(outcome.stdout).toContain("unable to start container process");
  });

  test("joins the container's namespaces, environment and working directory", async () => {
    const { stdout } = await sh(
      "echo $OF $GIVEN $MORE; pwd; hostname; cat /proc/1/cmdline | tr '\\0' ' '",
      "-e",
      "MORE=x",
    );
    const id = JSON.parse((await daemon.tbox(["inspect", "-f", "{{json .Id}}", "box"])).stdout);
    expect(stdout).toBe(`image yes x\n/var\n${id.slice(0, 12)}\nsleep 1000 `);
  });

  test("is confined like the container's main program", async () => {
    const confinement = "grep -E '^(Cap|NoNewPrivs|Seccomp|Groups)' /proc/self/status; ulimit -n; umask";
    const first = await daemon.tbox(["run", "--rm", "--network", "none", "box:1", "sh", "-c", confinement]);
    expect((await sh(confinement)).stdout).toBe(first.stdout);
    const { stdout } = await sh("ls /proc/self/fd | sort -n | tr '\\n' ' '");
    expect(stdout).toBe("0 1 2 3 ");
  });

  test("holds none of the host's directories when it executes the program", async () => {
    // A directory can be looked up but not executed; another descriptor's path leads to no file.
    const held: string[] = [];
    for (let descriptor = 3; descriptor < 40; descriptor++) {
      const path = `/proc/self/fd/${String(descriptor)}/.`;
      const { stdout } = await daemon.tbox(["exec", "box", path]);
      if (!stdout.includes("no such file or directory")) held.push(stdout);
    }
    expect(held).toEqual([]);
  });

  test.skipIf(!hasRanges)("runs as another user in another directory", async () => {
    const { stdout } = await sh("id -u; pwd; grep ^CapEff /proc/self/status", "-u", "user", "-w", "/tmp");
    expect(stdout).toBe("1000\n/tmp\nCapEff:\t0000000000000000\n");
  });

  test("in a missing working directory fails and creates nothing", async () => {
    for (const [path, code] of [
      ["/missing/dir", 127],
      ["/etc/passwd", 126],
    ] as const) {
      const outcome = await sh("pwd", "-w", path);
      expect(outcome.stdout).toContain(`chdir to cwd ("${path}") set in config.json failed`);
      expect(outcome.code).toBe(code);
    }
    expect((await sh("ls -d /missing")).code).not.toBe(0);
  });

  test("supports half-closed connections", async () => {
    const command = ["exec", "-i", "box", "sh", "-c", "n=$(wc -c); sleep 0.2; echo $n"];
    const outcome = await daemon.tbox(command, { stdin: new Uint8Array(1_000_000) });
    expect(outcome).toEqual({ stdout: "1000000\n", stderr: "", code: 0 });
  });

  test("with -d returns at once and keeps running", async () => {
    expect(await sh("sleep 0.2; echo x > /tmp/done", "-d")).toEqual({ stdout: "", stderr: "", code: 0 });
    while ((await sh("cat /tmp/done")).stdout !== "x\n") await Bun.sleep(20);
  });

  test("ends with its container, and needs a running one", async () => {
    const { stdout: id } = await daemon.tbox(["run", "-d", "--network", "none", "box:1", "sleep", "1000"]);
    const running = daemon.tbox(["exec", id.trim(), "sleep", "1000"]);
    while ((await daemon.tbox(["inspect", "-f", "{{json .ExecIDs}}", id.trim()])).stdout === "null\n")
      await Bun.sleep(10);
    await daemon.tbox(["kill", id.trim()]);
    expect((await running).code).toBe(137);
    const late = await daemon.tbox(["exec", id.trim(), "true"]);
    expect(late.stderr).toContain("is not running");
    expect(late.code).toBe(1);
    await daemon.tbox(["rm", id.trim()]);
  });

  test("can be started only once", async () => {
    const created = await daemon.request("POST", "/containers/box/exec", { Cmd: ["true"] });
    const { Id: id } = (await created.json()) as { Id: string };
    const start = () => daemon.request("POST", `/exec/${id}/start`, { Detach: true });
    expect((await start()).status).toBe(200);
    expect((await start()).status).toBe(409);
    expect((await daemon.request("GET", "/exec/nosuch/json")).status).toBe(404);
  });
});
