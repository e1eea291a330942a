import { expect, test } from "bun:test";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { isRunning, killAll, processesNamed } from "#test/support/processes.ts";
import { runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { until } from "#test/support/until.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

daemonSuite("the run directory", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  const script = "trap 'exit 4' USR1; echo up; while :; do sleep 0.05; done";

  async function start(name: string): Promise<void> {
    await daemon.printed("run", "-d", "--name", name, "--network", "none", "box:1", "sh", "-c", script);
    await until(async () => (await daemon.printed("logs", name)) === "up");
  }

  const pidOf = (name: string) => daemon.printed("inspect", "-f", "{{.State.Pid}}", name);

  /** Tests that a container runs as before and can be entered, and that its exit is recorded. */
  async function expectUndisturbed(name: string, pid: string): Promise<void> {
    expect(await daemon.printed("exec", name, "echo", "entered")).toBe("entered");
    await expectRunning(name, pid);
  }

  async function expectRunning(name: string, pid: string): Promise<void> {
    expect(await pidOf(name)).toBe(pid);
    await daemon.printed("kill", "-s", "USR1", name);
    expect(await daemon.printed("wait", name)).toBe("4");
    await daemon.printed("rm", name);
  }

  async function killZygote(): Promise<void> {
    const zygotes = processesNamed("tbox-zygote", daemon.run);
    killAll(zygotes);
    // The daemon may start the next zygote at once.
    await until(() => !zygotes.some(isRunning));
  }

  test("can be removed while the daemon and containers run", async () => {
    await start("lasting");
    const pid = await pidOf("lasting");
    rmSync(daemon.run, { recursive: true });
    await until(() => existsSync(daemon.socket));
    await start("new");
    await expectUndisturbed("new", await pidOf("new"));
    await daemon.kill();
    await daemon.start();
    await expectUndisturbed("lasting", pid);
  });

  test("can be removed while no daemon runs", async () => {
    await start("lasting");
    const pid = await pidOf("lasting");
    await daemon.kill();
    rmSync(daemon.run, { recursive: true });
    await daemon.start();
    await expectUndisturbed("lasting", pid);
  });

  test("can lose the sockets of a monitor and of a zygote that has died", async () => {
    await start("lasting");
    const pid = await pidOf("lasting");
    await daemon.kill();
    await killZygote();
    for (const name of readdirSync(`${daemon.run}/monitors`)) rmSync(`${daemon.run}/monitors/${name}`);
    await daemon.start();
    await expectRunning("lasting", pid);
  });

  test.each([
    [[], "while the daemon runs"],
    [[], "together with the daemon"],
    [["--userns", "keep-id"], "together with the daemon"],
    [["--init", "--privileged"], "together with the daemon"],
  ])("of a zygote that has died leads the next one to the containers: %j, %s", async (options, when) => {
    await daemon.printed(
      "run",
      "-d",
      "--name",
      "old",
      ...options,
      "--ipc",
      "shareable",
      "--network",
      "none",
      "box:1",
      "sleep",
      "1000",
    );
    const pid = await pidOf("old");
    await killZygote();
    if (when.endsWith("daemon")) {
      await daemon.kill();
      await daemon.start();
    }
    const { code, stdout, stderr } = await daemon.tbox([
      "exec",
      "old",
      "sh",
      "-c",
      "echo entered; echo x > /tmp/file",
    ]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "entered\n", stderr: "" });
    await daemon.printed("cp", "old:/tmp/file", `${daemon.run}/copied`);
    for (const kind of ["network", "pid", "ipc"]) {
      const joined = ["run", "--rm", ...options, `--${kind}`, "container:old", "box:1", "echo", kind];
      expect(await daemon.printed(...joined)).toBe(kind);
    }
    expect(await pidOf("old")).toBe(pid);
    await daemon.printed("rm", "-f", "old");
  });

  test("can lose the zygote's socket", async () => {
    await start("lasting");
    const pid = await pidOf("lasting");
    await daemon.kill();
    // A process that the zygote has just created has its name for a moment.
    await until(() => processesNamed("tbox-zygote", daemon.run).length === 1);
    const [zygote] = processesNamed("tbox-zygote", daemon.run);
    for (const name of readdirSync(daemon.run).filter((name) => /^zygote.*sock$/.test(name))) {
      rmSync(`${daemon.run}/${name}`);
    }
    await daemon.start();
    await until(() => processesNamed("tbox-zygote", daemon.run).length === 1);
    expect(processesNamed("tbox-zygote", daemon.run)).toEqual([zygote ?? 0]);
    await expectUndisturbed("lasting", pid);
  });

  test("of another daemon does not hide the process that has the store", async () => {
    const environment = { ...daemon.environment, TBOX_RUN_DIR: `${daemon.run}-2` };
    const { code, stderr } = await runProgram([`${repository}/dist/tbox`, "daemon"], { environment });
    expect(code).toBe(1);
    expect(stderr).toContain(`another daemon (process ${daemon.pid}) has the store ${daemon.data} open`);
  });
});
