import { expect, test } from "bun:test";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { isRunning, killAll, processesNamed } from "#test/support/processes.ts";
import { until } from "#test/support/until.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

const flags = ["--rm", "--network", "none", "box:1", "sh", "-c", "echo output; exit 7"];

/** Runs a container; returns its result in one line. */
async function run(daemon: TestDaemon): Promise<string> {
  const { code, stdout, stderr } = await daemon.tbox(["run", ...flags]);
  return `${code} ${stdout}${stderr}`.trim();
}

daemonSuite("a start while the zygote dies", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  test("succeeds or says why it failed, leaves nothing, and the next start succeeds", async () => {
    for (let round = 0; round < 12; round++) {
      const starts = [run(daemon), run(daemon), run(daemon)];
      // Each round kills it at another moment.
      await Bun.sleep(round);
      const zygotes = processesNamed("tbox-zygote", daemon.run);
      killAll(zygotes);
      for (const result of await Promise.all(starts)) {
        expect(result).toMatch(/^(7 output|125 tbox: .*)$/);
      }
      await until(() => !zygotes.some(isRunning));
      expect(await run(daemon)).toBe("7 output");
    }
    expect(await daemon.printed("ps", "-aq")).toBe("");
    await until(() => processesNamed("tbox-zygote", daemon.run).length <= 1);
    await until(() => processesNamed("tbox-monitor", daemon.run).length === 0);
  });
});
