import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { migrations } from "#engine/schema.ts";
import { startDaemon, type TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { killTrees, processesMentioning, processesNamed } from "#test/support/processes.ts";
import { printed, runProgram } from "#test/support/program.ts";
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

const script = "trap 'exit 4' USR1; echo up; while :; do sleep 0.05; done";

const options = ["--network", "net", "-v", "data:/data"];

/** Starts the container that runs during the upgrade. Returns its process. */
async function startOld(tbox: TestDaemon["printed"]): Promise<string> {
  await tbox("run", "-d", "--name", "old", ...options, "box:1", "sh", "-c", script);
  await until(async () => (await tbox("logs", "old")) === "up");
  return tbox("inspect", "-f", "{{.State.Pid}}", "old");
}

/** Tests that a new daemon works with the container that an earlier one started. Removes the container. */
async function expectUpgraded(
  daemon: TestDaemon,
  { pid, zygotes }: { pid: string; zygotes: number[] },
): Promise<void> {
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
  expect(await daemon.printed("run", "--rm", ...options, "box:1", "cat", "/data/file")).toBe("entered");
  await daemon.printed("kill", "-s", "USR1", "old");
  expect(await daemon.printed("wait", "old")).toBe("4");
  await daemon.printed("start", "old");
  await daemon.printed("rm", "-f", "old");
}

daemonSuite("after an upgrade", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  test("a daemon of another protocol version works with the containers that run", async () => {
    await daemon.printed("network", "create", "net");
    const pid = await startOld(daemon.printed);
    const zygotes = processesNamed("tbox-zygote", daemon.run);
    await daemon.kill();
    renameHelpers(daemon);
    await daemon.start();

    await expectUpgraded(daemon, { pid, zygotes });
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

/** Directory with the program of an earlier commit (`npm run endure`). */
const earlier = process.env.TBOX_TEST_EARLIER;

test.skipIf(earlier === undefined || shellUnavailable !== undefined)(
  "a daemon works with the containers of an earlier program, which refuses the store from then on",
  async () => {
    await using daemon = await startDaemon();
    await loadBox(daemon);
    const archive = `${daemon.run}/box.tar`;
    await daemon.printed("save", "-o", archive, "box:1");
    await daemon.printed("daemon", "stop");
    await killTrees(processesMentioning(daemon.run));
    rmSync(daemon.data, { recursive: true });
    mkdirSync(daemon.data, { mode: 0o700 });

    const program = `${earlier}/tbox`;
    const environment = daemon.environment;
    const old = Bun.spawn([program, "daemon"], {
      env: environment,
      cwd: "/",
      stdio: ["ignore", "ignore", "ignore"],
    });
    const tbox = async (...args: string[]) => (await printed([program, ...args], { environment })).trim();
    await until(async () => (await runProgram([program, "images"], { environment })).code === 0);
    await tbox("load", "-i", archive);
    await tbox("network", "create", "net");
    const pid = await startOld(tbox);
    const zygotes = processesNamed("tbox-zygote", daemon.run);
    old.kill("SIGKILL");
    await old.exited;

    await daemon.start();
    await expectUpgraded(daemon, { pid, zygotes });
    await daemon.printed("daemon", "stop");
    const { code, stderr } = await runProgram([program, "daemon"], { environment });
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining("the store was written by a newer version of tbox"),
    ]);
  },
  120_000,
);
