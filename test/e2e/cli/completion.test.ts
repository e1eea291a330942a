import { expect, test } from "bun:test";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { type Outcome, runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { temporaryDirectory } from "#test/support/temp.ts";

async function prepare(daemon: TestDaemon): Promise<void> {
  await daemon.tbox(["volume", "create", "data"]);
}

daemonSuite("completion in bash", { prepare }, (daemon) => {
  const script = `
    source <("$1" completion bash)
    tbox() { "$TBOX" "$@"; }
    COMP_LINE=$2 COMP_POINT=\${#2}
    _tbox
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  function complete(line: string, environment: Record<string, string>): Promise<Outcome> {
    const tbox = `${repository}/dist/tbox`;
    return runProgram(["bash", "-c", script, "bash", tbox, line], {
      environment: { ...environment, TBOX: tbox },
    });
  }

  test.each([
    ["tbox volu", "volume\n"],
    ["tbox volume rm da", "data\n"],
    ["tbox volume inspect --form", "--format\n"],
    ["/usr/bin/tbox rename-no", "\n"],
  ])("%j", async (line, expected) => {
    expect(await complete(line, daemon.environment)).toEqual({ stdout: expected, stderr: "", code: 0 });
  });

  test("completion starts no daemon", async () => {
    using directory = temporaryDirectory("completion");
    const environment = { ...daemon.environment, TBOX_RUN_DIR: `${directory.path}/run` };
    expect((await complete("tbox volume rm ", environment)).stdout).toBe("\n");
    expect(await Bun.file(`${directory.path}/run/tbox.sock`).exists()).toBe(false);
  });

  test("context prints only the DOCKER_HOST line", async () => {
    const { stdout } = await daemon.tbox(["context"]);
    expect(stdout).toBe(`export DOCKER_HOST=unix://${daemon.socket}\n`);
  });
});
