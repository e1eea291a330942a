import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readdirSync, renameSync } from "node:fs";
import { migrations } from "#engine/schema.ts";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { processesNamed } from "#test/support/processes.ts";
import { runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { until } from "#test/support/until.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

/** Gives the running helpers the names that those of another protocol version have, so that the next daemon starts new ones. */
function renameHelpers({ run, data }: TestDaemon): void {
  for (const directory of [run, data]) {
    for (const name of readdirSync(directory)) {
      const other = name.replace(/^(zygote|net)-\d+\./, "$1-0.");
      if (other !== name) renameSync(`${directory}/${name}`, `${directory}/${other}`);
    }
  }
}

daemonSuite("after an upgrade", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  const script = "trap 'exit 4' USR1; echo up; while :; do sleep 0.05; done";

  test("a daemon of another protocol version works with the containers that run", async () => {
    await daemon.printed("network", "create", "net");
    const options = ["-d", "--network", "net", "-v", "data:/data"];
    await daemon.printed("run", "--name", "old", ...options, "box:1", "sh", "-c", script);
    await until(async () => (await daemon.printed("logs", "old")) === "up");
    const pid = await daemon.printed("inspect", "-f", "{{.State.Pid}}", "old");
    const zygotes = processesNamed("tbox-zygote", daemon.run);
    await daemon.kill();
    renameHelpers(daemon);
    await daemon.start();

    // One zygote serves the old and the new containers.
    expect(processesNamed("tbox-zygote", daemon.run)).not.toEqual(zygotes);
    expect(processesNamed("tbox-zygote", daemon.run)).toHaveLength(1);
    expect(await daemon.printed("inspect", "-f", "{{.State.Pid}}", "old")).toBe(pid);
    expect(await daemon.printed("exec", "old", "sh", "-c", "echo entered >/data/file; cat /data/file")).toBe(
      "entered",
    );
    await daemon.printed("cp", "old:/data/file", `${daemon.run}/copied`);
    // Both are on the same network, and the new helper answers for the name of the old container.
    const ping = ["run", "--rm", "--network", "net", "box:1", "ping", "-c", "1", "-w", "10", "old"];
    expect(await daemon.printed(...ping)).toContain("1 packets received");
    const joined = ["run", "--rm", "--network", "container:old", "box:1", "echo", "joined"];
    expect(await daemon.printed(...joined)).toBe("joined");
    expect(await daemon.printed("run", "--rm", ...options.slice(1), "box:1", "cat", "/data/file")).toBe(
      "entered",
    );
    await daemon.printed("kill", "-s", "USR1", "old");
    expect(await daemon.printed("wait", "old")).toBe("4");
    await daemon.printed("start", "old");
    await daemon.printed("rm", "-f", "old");
  });

  test("a daemon refuses a store of a newer version, with both versions and what to do", async () => {
    await daemon.kill();
    using database = new Database(`${daemon.data}/tbox.db`);
    const newest = migrations.length;
    database.run(`PRAGMA user_version = ${newest + 1}`);
    const command = [`${repository}/dist/tbox`, "daemon"];
    const { code, stderr } = await runProgram(command, { environment: daemon.environment });
    expect(code).toBe(1);
    expect(stderr).toContain(
      `the store was written by a newer version of tbox: its schema is version ${newest + 1}, and this version of tbox supports up to ${newest}: install the newer version again`,
    );
    database.run(`PRAGMA user_version = ${newest}`);
    await daemon.start();
    expect(await daemon.printed("images", "-q")).not.toBe("");
  });

  test("a daemon opens a store of the first version with its containers, images and volumes", async () => {
    await daemon.printed(
      "create",
      "--name",
      "kept",
      "-v",
      "data:/data",
      "--network",
      "none",
      "box:1",
      "true",
    );
    await daemon.kill();
    {
      using database = new Database(`${daemon.data}/tbox.db`);
      database.run("DROP TABLE removed_volumes");
      database.run("DROP TABLE compressed_layers");
      database.run("DROP TABLE verified_blobs");
      database.run("ALTER TABLE layers DROP COLUMN archive_size");
      database.run("PRAGMA user_version = 0");
    }
    await daemon.start();
    expect(await daemon.printed("start", "-a", "kept")).toBe("");
    expect(await daemon.printed("volume", "ls", "-q")).toBe("data");
    expect((await daemon.tbox(["system", "check"])).stdout).toContain(": no damage\n");
    await daemon.printed("rm", "kept");
  });
});
