import { describe, expect, test } from "bun:test";
import { existsSync, statSync } from "node:fs";
import { startDaemon } from "#test/support/daemon.ts";
import { runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { programUnavailable } from "#test/support/user.ts";

if (programUnavailable !== undefined)
  console.error(`skipped with the daemon's process: ${programUnavailable}`);

describe.skipIf(programUnavailable !== undefined)("the daemon", () => {
  const program = `${repository}/dist/tbox`;

  test("listens where only its user can connect, and takes its socket away when it ends", async () => {
    let socket: string;
    {
      await using daemon = await startDaemon();
      socket = daemon.socket;
      expect(statSync(socket).mode & 0o777).toBe(0o600);
      process.kill(daemon.pid, "SIGTERM");
      while (existsSync(socket)) await Bun.sleep(5);
    }
    expect(existsSync(socket)).toBe(false);
  });

  test("says in one line that another one runs", async () => {
    await using daemon = await startDaemon();
    const second = await runProgram([program, "daemon", "--notify"], { environment: daemon.environment });
    expect(second.code).toBe(1);
    expect(JSON.parse(second.stdout)).toEqual({
      error: expect.any(String),
      code: expect.stringMatching(/^(already-exists|conflict)$/),
    });
    expect((await daemon.request("GET", "/_ping")).status).toBe(200);
  });

  test("comes back after its death on the socket it left", async () => {
    await using daemon = await startDaemon();
    await daemon.kill();
    expect(existsSync(daemon.socket)).toBe(true);
    await daemon.start();
    expect((await daemon.request("GET", "/_ping")).status).toBe(200);
  });

  test("refuses a flag it does not know", async () => {
    const { code, stderr } = await runProgram([program, "daemon", "--nope"]);
    expect(stderr).toContain("unknown flag: --nope");
    expect(code).toBe(1);
  });
});
