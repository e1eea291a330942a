import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { processesNamed } from "#test/support/processes.ts";
import { until } from "#test/support/until.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

async function prepare(daemon: TestDaemon): Promise<void> {
  await loadShell(daemon, "box:1");
  await loadShell(daemon, "polite:1", { StopSignal: "SIGQUIT" });
}

/** Handles the signals that the tests send, and ends with the number of the signal. */
const handler = 'for s in 1 2 3 15; do trap "exit $s" $s; done; echo up; while :; do sleep 0.05; done';

daemonSuite("restarts", { obstacle: shellUnavailable, prepare }, (daemon) => {
  const field = (name: string, format: string) => daemon.printed("inspect", "-f", format, name);
  async function start(name: string, options: string[], command: string[], image = "box:1"): Promise<void> {
    await daemon.printed("run", "-d", "--name", name, "--network", "none", ...options, image, ...command);
  }

  test.each([
    ["TERM", 15],
    ["INT", 2],
    ["HUP", 1],
  ])("a kill with %s cancels the restart policy", async (signal, code) => {
    await start("forever", ["--restart", "always"], ["sh", "-c", handler]);
    await until(async () => (await daemon.printed("logs", "forever")) === "up");
    const waiting = daemon.printed("wait", "forever");
    await daemon.printed("kill", "-s", signal, "forever");
    expect(await waiting).toBe(String(code));
    expect(await field("forever", "{{.State.Status}} {{.RestartCount}}")).toBe("exited 0");
    await daemon.printed("rm", "forever");
  });

  test("a kill with another signal than the image's stop signal does not cancel the restart policy", async () => {
    await start("polite", ["--restart", "always"], ["sh", "-c", handler], "polite:1");
    await until(async () => (await daemon.printed("logs", "polite")) === "up");
    await daemon.printed("kill", "-s", "TERM", "polite");
    await until(async () => (await field("polite", "{{.State.Status}} {{.RestartCount}}")) === "running 1");
    await daemon.printed("kill", "-s", "QUIT", "polite");
    await until(async () => (await field("polite", "{{.State.Status}}")) === "exited");
    await daemon.printed("rm", "polite");
  });

  test("a manual start begins a new count of restarts", async () => {
    await start("fails", ["--restart", "on-failure:1"], ["false"]);
    const exhausted = async () =>
      (await field("fails", "{{.State.Status}} {{.RestartCount}}")) === "exited 1";
    await until(exhausted);
    await daemon.printed("start", "fails");
    await until(exhausted);
    const [first, second] = await Promise.all(
      ["die", "start"].map(async (event) => {
        const until = String(Math.ceil(Date.now() / 1000) + 1);
        return (
          await daemon.printed(
            "events",
            "--since",
            "0",
            "--until",
            until,
            "--filter",
            `event=${event}`,
            "--filter",
            "container=fails",
          )
        ).split("\n").length;
      }),
    );
    expect([first, second]).toEqual([4, 4]);
    await daemon.printed("rm", "fails");
  });

  test("every start creates a missing source of -v again", async () => {
    const source = `${daemon.data}/../vanishing`;
    await start("bound", ["-v", `${source}:/bound`], ["true"]);
    await daemon.printed("wait", "bound");
    rmSync(source, { recursive: true });
    await daemon.printed("start", "bound");
    expect(existsSync(source)).toBe(true);
    await daemon.printed("rm", "-f", "bound");
  });

  test("a start with a missing source of --mount fails and creates nothing", async () => {
    const source = `${daemon.data}/../required`;
    mkdirSync(source);
    await start("mounted", ["--mount", `type=bind,src=${source},dst=/bound`], ["true"]);
    await daemon.printed("wait", "mounted");
    rmSync(source, { recursive: true });
    const { code, stderr } = await daemon.tbox(["start", "mounted"]);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("bind source path does not exist"),
    });
    expect(existsSync(source)).toBe(false);
    await daemon.printed("rm", "mounted");
  });

  test("a failed restart is repeated until it succeeds or the container is stopped", async () => {
    const source = `${daemon.data}/../returning`;
    mkdirSync(source);
    const mount = ["--mount", `type=bind,src=${source},dst=/bound`];
    await start("persistent", ["--restart", "always", ...mount], ["sleep", "1000"]);
    rmSync(source, { recursive: true });
    process.kill(Number(await field("persistent", "{{.State.Pid}}")), "SIGKILL");
    await until(async () => Number(await field("persistent", "{{.RestartCount}}")) >= 3);
    mkdirSync(source);
    await until(async () => (await field("persistent", "{{.State.Status}}")) === "running");
    rmSync(source, { recursive: true });
    process.kill(Number(await field("persistent", "{{.State.Pid}}")), "SIGKILL");
    await until(async () => (await field("persistent", "{{.State.Error}}")).includes("does not exist"));
    await daemon.printed("stop", "persistent");
    expect(await field("persistent", "{{.State.Status}}")).toBe("exited");
    await daemon.printed("rm", "persistent");
  });

  describe("a start of the restart policy that is under way", () => {
    /** Calls an operation while a frozen zygote keeps the next start of a container from ending. */
    async function duringRestart(name: string, ...args: string[]) {
      await start(
        name,
        ["--restart", "always"],
        ["sh", "-c", "test -e /run/again || { >/run/again; exit 1; }; sleep 31536007"],
      );
      await until(async () => (await field(name, "{{.State.Status}}")) === "restarting");
      const zygotes = processesNamed("tbox-zygote", daemon.run);
      for (const pid of zygotes) process.kill(pid, "SIGSTOP");
      // The policy waits for 100 milliseconds.
      await Bun.sleep(300);
      const outcome = daemon.tbox([...args, name]);
      await Bun.sleep(100);
      for (const pid of zygotes) process.kill(pid, "SIGCONT");
      return outcome;
    }

    test("is undone by a forced removal", async () => {
      expect(await duringRestart("removed", "rm", "-f")).toMatchObject({ code: 0 });
      await until(() => processesNamed("sleep", "31536007").length === 0);
      expect(await daemon.printed("ps", "-aq", "--filter", "name=removed")).toBe("");
    });

    test.each(["stop", "kill"])("is undone by %s", async (verb) => {
      expect(await duringRestart("ended", verb)).toMatchObject({ code: 0 });
      // A change of the name waits for the start.
      await daemon.printed("rename", "ended", "renamed");
      expect(await field("renamed", "{{.State.Status}} {{.State.Running}}")).toBe("exited false");
      await daemon.printed("rm", "renamed");
    });
  });

  test("wait reports the exit status of a container that was removed at its exit", async () => {
    const id = await daemon.printed(
      "run",
      "-d",
      "--rm",
      "--name",
      "brief",
      "--network",
      "none",
      "box:1",
      "sh",
      "-c",
      "exit 7",
    );
    await until(async () => (await daemon.request("GET", `/containers/${id}/json`)).status === 404);
    expect([await daemon.printed("wait", id), await daemon.printed("wait", "brief")]).toEqual(["7", "7"]);
    expect((await daemon.request("POST", `/containers/${id}/wait?condition=next-exit`)).status).toBe(404);
  });

  test("clients that leave before the start do not use up descriptors", async () => {
    await daemon.printed("create", "--name", "later", "--network", "none", "box:1", "true");
    for (let number = 0; number < 300; number++) {
      const client = await openAttach(daemon.socket);
      client.destroy();
    }
    await daemon.printed("start", "-a", "later");
    await daemon.printed("rm", "later");
  });
});

async function openAttach(socket: string) {
  const { connect } = await import("node:net");
  const client = connect({ path: socket });
  client.write(
    "POST /containers/later/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
  );
  await new Promise((resolve) => client.once("data", resolve));
  return client;
}
