import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { startDaemon } from "#test/support/daemon.ts";
import { isRunning } from "#test/support/processes.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

describe.skipIf(shellUnavailable !== undefined)("tbox system reset", () => {
  async function startWithContainer() {
    const daemon = await startDaemon();
    await loadBox(daemon);
    await daemon.printed("run", "-d", "--name", "left", "--network", "none", "box:1", "sleep", "1000");
    const pid = Number(await daemon.printed("inspect", "-f", "{{.State.Pid}}", "left"));
    return { daemon, pid };
  }

  test.each([
    ["whole", () => {}],
    ["missing", (path: string) => rmSync(path)],
    ["empty", (path: string) => truncateSync(path)],
    ["overwritten", (path: string) => writeFileSync(path, "text".repeat(10_000))],
  ])("removes a store whose database is %s, and ends the containers in it", async (_, damage) => {
    const { daemon, pid } = await startWithContainer();
    await using _daemon = daemon;
    await daemon.kill();
    damage(`${daemon.data}/tbox.db`);
    const { code, stdout, stderr } = await daemon.tbox(["system", "reset", "--force"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`removed ${daemon.data}\n`);
    expect(existsSync(daemon.data)).toBe(false);
    expect(isRunning(pid)).toBe(false);
  });

  test("keeps a store that a daemon with another run directory has open", async () => {
    const { daemon, pid } = await startWithContainer();
    await using _daemon = daemon;
    const run = `${daemon.run}/other`;
    mkdirSync(run, { mode: 0o700 });
    const environment = { ...daemon.environment, TBOX_RUN_DIR: run };
    // With a database, the command would first try to start another daemon. The running one ends when it sees the loss.
    process.kill(daemon.pid, "SIGSTOP");
    renameSync(`${daemon.data}/tbox.db`, `${daemon.data}/tbox.db.away`);
    const { code, stderr } = await daemon.tbox(["system", "reset", "--force"], { environment });
    renameSync(`${daemon.data}/tbox.db.away`, `${daemon.data}/tbox.db`);
    process.kill(daemon.pid, "SIGCONT");
    expect(code).toBe(1);
    expect(stderr).toContain(`cannot remove ${daemon.data}: a daemon (process ${daemon.pid}) has it open`);
    expect(await daemon.printed("ps", "-q")).not.toBe("");
    expect(isRunning(pid)).toBe(true);
  });
});
