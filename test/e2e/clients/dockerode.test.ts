import { expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

const obstacle = shellUnavailable ?? (Bun.which("node") ? undefined : "node is not installed");
daemonSuite("dockerode", { obstacle: obstacle, prepare: loadBox }, (daemon) => {
  test("gets the answers that Docker gives", async () => {
    const script = `${repository}/test/e2e/clients/dockerode.mjs`;
    const { stdout, stderr, code } = await runProgram(["node", script, daemon.socket, "box:1"]);
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    expect(JSON.parse(stdout)).toEqual({
      version: "1.51",
      image: "linux",
      run: { code: 3, streams: ["out\n", "err\n"] },
      listed: { names: ["/node"], state: "running" },
      exec: ["typed", "done\n"],
      execCode: 0,
      archive: true,
      logs: true,
      stats: "string",
      end: 137,
      died: "die",
      committed: true,
      built: { by: "a-client" },
      buildKit: true,
      volume: "local",
      missing: { status: 404, message: "No such container: nosuch" },
      loaded: true,
      left: 0,
    });
  });
});
