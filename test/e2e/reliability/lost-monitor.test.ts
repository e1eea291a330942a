import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { openConnection } from "#test/support/connection.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { isRunning, killAll, processesNamed } from "#test/support/processes.ts";
import { until } from "#test/support/until.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

daemonSuite("the connection to a monitor", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  async function stateOf(name: string): Promise<{ Status: string; Pid: number; ExitCode: number }> {
    const { State } = (await (await daemon.request("GET", `/containers/${name}/json`)).json()) as {
      State: { Status: string; Pid: number; ExitCode: number };
    };
    return State;
  }

  test("survives more attachments than a monitor serves, and only those are refused", async () => {
    await daemon.printed("run", "-d", "--name", "popular", "--network", "none", "box:1", "sleep", "1000");
    using clients = new DisposableStack();
    const statuses: string[] = [];
    for (let number = 0; number < 260; number++) {
      const client = clients.use(await openConnection(daemon.socket));
      client.write(
        "POST /containers/popular/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
      );
      statuses.push((await client.until("\r\n\r\n")).toString().split(" ")[1] ?? "");
    }
    expect(statuses.filter((status) => status === "101")).toHaveLength(256);
    expect(statuses.filter((status) => status === "409")).toHaveLength(4);
    expect((await stateOf("popular")).Status).toBe("running");
    expect(await daemon.printed("exec", "popular", "echo", "alive")).toBe("alive");
    expect((await daemon.request("POST", "/containers/popular/kill")).status).toBe(204);
    expect(await stateOf("popular")).toMatchObject({ Status: "exited", ExitCode: 137 });
    await daemon.printed("rm", "popular");
  });

  test("that is lost with the monitor ends the container before it counts as exited", async () => {
    await daemon.printed("run", "-d", "--name", "orphan", "--network", "none", "box:1", "sleep", "1000");
    const { Pid } = await stateOf("orphan");
    killAll(processesNamed("tbox-monitor", daemon.run));
    await until(async () => (await stateOf("orphan")).Status === "exited");
    expect(isRunning(Pid)).toBe(false);
    expect((await stateOf("orphan")).ExitCode).toBe(137);
    await daemon.printed("rm", "orphan");
  });

  async function freezeMonitor(name: string): Promise<void> {
    const { Pid } = await stateOf(name);
    const [, parent] = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${Pid}/status`, "utf8")) ?? [];
    process.kill(Number(parent), "SIGSTOP");
  }

  test("that is killed with the zygote and the daemon leaves no container that the next daemon calls running", async () => {
    await daemon.printed("run", "-d", "--name", "left", "--network", "none", "box:1", "sleep", "1000");
    await daemon.kill();
    killAll(["tbox-zygote", "tbox-monitor"].flatMap((name) => processesNamed(name, daemon.run)));
    await daemon.start();
    expect((await stateOf("left")).Status).toBe("exited");
    await daemon.printed("rm", "left");
  });

  test.each(["stop -t 0", "kill", "rm -f"])(
    "that is frozen does not prevent the end of its container: %s",
    async (command) => {
      await daemon.printed("run", "-d", "--name", "frozen", "--network", "none", "box:1", "sleep", "1000");
      const { Pid } = await stateOf("frozen");
      await freezeMonitor("frozen");
      await daemon.printed(...command.split(" "), "frozen");
      expect(isRunning(Pid)).toBe(false);
      if (command !== "rm -f") {
        expect(await stateOf("frozen")).toMatchObject({ Status: "exited", ExitCode: 137 });
        await daemon.printed("rm", "frozen");
      }
    },
  );

  test("that is frozen does not prevent the start of the daemon", async () => {
    await daemon.printed("run", "-d", "--name", "frozen", "--network", "none", "box:1", "sleep", "1000");
    await freezeMonitor("frozen");
    await daemon.kill();
    await daemon.start();
    expect((await stateOf("frozen")).Status).toBe("running");
    await daemon.printed("run", "--rm", "--network", "none", "box:1", "true");
    await daemon.printed("rm", "-f", "frozen");
  });
});
