import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { until } from "#test/support/until.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

daemonSuite("after the daemon was killed", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  test("a container with --rm that did not start is removed, and one without stays", async () => {
    for (const [name, options] of Object.entries({ temporary: ["--rm", "-v", "/data"], lasting: [] })) {
      await daemon.printed("create", "--name", name, "--network", "none", ...options, "box:1", "true");
    }
    await daemon.kill();
    await daemon.start();
    expect(await daemon.printed("ps", "-a", "--format", "{{.Names}} {{.State}}")).toBe("lasting created");
    expect(await daemon.printed("volume", "ls", "-q")).toBe("");
    await daemon.printed("start", "lasting");
    await until(async () => (await daemon.printed("ps", "-aq", "--filter", "status=exited")) !== "");
    await daemon.printed("rm", "lasting");
  });

  test("a running container whose record was not written yet is ended, and nothing of it stays", async () => {
    const id = await daemon.printed("run", "-d", "--rm", "--network", "none", "box:1", "sleep", "100000");
    const pid = await daemon.printed("inspect", "-f", "{{.State.Pid}}", id);
    await daemon.kill();
    using database = new Database(`${daemon.data}/tbox.db`);
    database.run("DELETE FROM containers");
    await daemon.start();
    expect(await daemon.printed("ps", "-aq")).toBe("");
    await until(() => !existsSync(`/proc/${pid}`));
    expect(readdirSync(`${daemon.data}/containers`)).not.toContain(id);
  });
});
