import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { linesOf } from "#test/support/lines.ts";
import { awaitLine } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { until } from "#test/support/until.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

async function prepare(daemon: TestDaemon): Promise<void> {
  await loadShell(daemon, "box:1");
  await loadShell(daemon, "polite:1", { StopSignal: "SIGRTMIN+3" });
}

daemonSuite("the lifecycle of a container", { obstacle: shellUnavailable, prepare }, (daemon) => {
  const tbox = (...args: string[]) => daemon.tbox(args);
  async function start(options: string[], script: string, image = "box:1"): Promise<string> {
    const { stdout, stderr, code } = await tbox(
      "run",
      "-d",
      "--network",
      "none",
      ...options,
      image,
      "sh",
      "-c",
      script,
    );
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
  }
  async function inspect(
    id: string,
  ): Promise<{ Pid: number; Status: string; ExitCode: number; FinishedAt: string }> {
    return JSON.parse((await tbox("inspect", "-f", "{{json .State}}", id)).stdout);
  }
  const secondsSince = (from: number) => (performance.now() - from) / 1000;

  test("an invalid request is refused before the container is looked up", async () => {
    const refusal = async (path: string) => {
      const response = await daemon.request("POST", `/containers/missing/${path}`);
      return `${response.status} ${((await response.json()) as { message: string }).message}`;
    };
    expect(await refusal("kill?signal=NOPE")).toContain(
      "400 cannot kill container: missing: invalid signal: NOPE",
    );
    expect(await refusal("rename")).toBe("400 Neither old nor new names may be empty");
    expect(await refusal("resize?h=x&w=1")).toContain('400 h: invalid resize height "x": invalid syntax');
  });

  test("a container that wrote nothing has no writable size", async () => {
    await daemon.printed("create", "--name", "idle", "--network", "none", "box:1", "true");
    const list = async () => {
      const response = await daemon.request("GET", "/containers/json?all=1&size=1");
      const all = (await response.json()) as { Names: string[]; SizeRw?: number; SizeRootFs: number }[];
      return all.find(({ Names }) => Names.includes("/idle"));
    };
    expect(await list()).toEqual(expect.not.objectContaining({ SizeRw: expect.anything() }));
    expect((await list())?.SizeRootFs).toBeGreaterThan(0);
    await daemon.printed("rm", "idle");
  });

  test("stop sends SIGKILL after the timeout", async () => {
    const id = await start([], "while :; do sleep 0.1; done");
    const begun = performance.now();
    expect((await tbox("stop", "-t", "1", id)).stdout).toBe(`${id}\n`);
    expect(secondsSince(begun)).toBeGreaterThan(0.9);
    expect((await inspect(id)).ExitCode).toBe(137);
    await tbox("rm", id);
  });

  test("with --init, a program ends by the stop signal", async () => {
    const id = await start(["--init"], "sleep 1000 & wait");
    await tbox("stop", "-t", "100", id);
    expect((await inspect(id)).ExitCode).toBe(143);
    await tbox("rm", id);
  });

  test("stop sends the image's stop signal", async () => {
    // 37 is SIGRTMIN+3, a name that some shells do not know.
    const id = await start(
      [],
      "trap 'echo trapped; exit 5' 37; echo up; while :; do sleep 0.05; done",
      "polite:1",
    );
    await until(async () => (await tbox("logs", id)).stdout === "up\n");
    await tbox("stop", "-t", "100", id);
    expect((await tbox("logs", id)).stdout).toBe("up\ntrapped\n");
    expect((await inspect(id)).ExitCode).toBe(5);
    await tbox("rm", id);
  });

  test("stop with a negative timeout waits until the container is killed", async () => {
    const id = await start([], "trap '' TERM; echo up; while :; do sleep 0.05; done");
    await until(async () => (await tbox("logs", id)).stdout === "up\n");
    const stopping = tbox("stop", "-t", "-1", id);
    const early = await Promise.race([stopping, Bun.sleep(1500).then(() => "waits")]);
    expect(early).toBe("waits");
    await tbox("kill", id);
    expect((await stopping).code).toBe(0);
    expect((await inspect(id)).ExitCode).toBe(137);
    await tbox("rm", id);
  });

  test("logs --follow sees the last line, and wait returns the code before the removal", async () => {
    for (let round = 0; round < 20; round++) {
      const id = await start(
        ["--rm"],
        "trap 'echo last; exit 3' TERM; echo up; while :; do sleep 0.01; done",
      );
      const follower = Bun.spawn([`${repository}/dist/tbox`, "logs", "-f", id], {
        env: daemon.environment,
        stdout: "pipe",
      });
      const [first, all] = follower.stdout.tee();
      // Both requests are registered before the end: their response heads have arrived.
      await awaitLine(first, "up");
      const waited = await daemon.request("POST", `/containers/${id}/wait`);
      await tbox("stop", id);
      expect(await new Response(all).text()).toBe("up\nlast\n");
      expect(await waited.json()).toMatchObject({ StatusCode: 3 });
      expect((await tbox("wait", id)).stdout).toBe("3\n");
    }
  });

  test("containers survive the daemon, with output, exit codes and removals", async () => {
    const endless = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.05; done";
    const running = [await start([], endless), await start([], endless), await start([], endless)];
    const before = await Promise.all(running.map(inspect));
    const onTerm = (end: string) => `trap '${end}' TERM; echo up; while :; do sleep 0.05; done`;
    const ending = await start([], onTerm("echo end; exit 7"));
    const removed = await start(["--rm"], onTerm("exit 3"));
    for (const id of [ending, removed]) await until(async () => (await tbox("logs", id)).stdout === "up\n");
    for (const id of running) await until(async () => (await tbox("logs", id)).stdout.includes("line 5\n"));
    const ends = [(await inspect(ending)).Pid, (await inspect(removed)).Pid];
    await daemon.kill();
    for (const pid of ends) process.kill(pid, "SIGTERM");
    await until(() => !ends.some((pid) => existsSync(`/proc/${pid}`)));
    await Bun.sleep(1000);
    const startedAt = Date.now();
    await daemon.start();
    for (const [index, id] of running.entries()) {
      const state = await inspect(id);
      expect(state.Status).toBe("running");
      expect(state.Pid).toBe(before[index]?.Pid ?? 0);
      await tbox("kill", id);
      await tbox("wait", id);
      const lines = (await tbox("logs", id)).stdout.trim().split("\n");
      expect(lines.length).toBeGreaterThan(5);
      expect(lines).toEqual(lines.map((_, number) => `line ${number + 1}`));
      expect((await inspect(id)).ExitCode).toBe(137);
    }
    const ended = await inspect(ending);
    expect(ended.Status).toBe("exited");
    expect(ended.ExitCode).toBe(7);
    expect(Date.parse(ended.FinishedAt)).toBeLessThan(startedAt - 500);
    expect((await tbox("logs", ending)).stdout).toBe("up\nend\n");
    await until(async () => (await tbox("inspect", removed)).code === 1);
    await tbox("rm", ...running, ending);
    expect((await tbox("ps", "-aq")).stdout).toBe("");
  });

  test("the next daemon removes a container with --rm after the last one died during the removal", async () => {
    const id = await daemon.printed("create", "--rm", "--network", "none", "box:1", "true");
    await daemon.kill();
    {
      // The state that a daemon leaves when it dies after it has stored the exit.
      using database = new Database(`${daemon.data}/tbox.db`);
      database.run(
        "UPDATE containers SET record = json_set(record, '$.state.status', 'exited') WHERE id = ?",
        [id],
      );
    }
    await daemon.start();
    expect((await tbox("inspect", id)).code).toBe(1);
  });

  test("logs are rotated and read across files", async () => {
    const options = ["--log-opt", "max-size=20k", "--log-opt", "max-file=3"];
    const id = await start(options, "i=0; while [ $i -lt 1500 ]; do i=$((i+1)); echo line $i; done");
    await tbox("wait", id);
    const lines = (await tbox("logs", id)).stdout.trim().split("\n");
    expect(lines.at(-1)).toBe("line 1500");
    const first = 1501 - lines.length;
    expect(lines.length).toBeGreaterThan(200);
    expect(lines.length).toBeLessThan(1500);
    expect(lines).toEqual(lines.map((_, index) => `line ${first + index}`));
    expect((await tbox("logs", "--tail", "2", id)).stdout).toBe("line 1499\nline 1500\n");
    await tbox("rm", id);
  });

  test("a client that follows a log with one file gets every line", async () => {
    const options = ["--log-opt", "max-size=4k", "--log-opt", "max-file=1"];
    // Each burst fills more than half of the file.
    const burst = "i=0; while [ $i -lt 30 ]; do echo $n $i; i=$((i+1)); done";
    const script = `n=0; trap 'n=$((n+1)); ${burst}' USR1; trap 'exit' TERM; echo up; while :; do sleep 0.02; done`;
    const id = await start(options, script);
    await using client = Bun.spawn([`${repository}/dist/tbox`, "logs", "-f", id], {
      env: daemon.environment,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const lines = linesOf(client.stdout);
    expect((await lines.next()).value).toBe("up");
    for (let number = 1; number <= 6; number++) {
      await tbox("kill", "-s", "USR1", id);
      for (let line = 0; line < 30; line++) expect((await lines.next()).value).toBe(`${number} ${line}`);
    }
    await tbox("stop", id);
    expect((await lines.next()).done).toBe(true);
    await tbox("rm", id);
  });
});
