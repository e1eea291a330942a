import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { appendFileSync, existsSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { startDaemon, type TestDaemon } from "#test/support/daemon.ts";
import type { Outcome } from "#test/support/program.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import { loadBox } from "../support/images.ts";
import { mountSmallDisk, smallDiskEntries, smallDiskUnavailable } from "../support/small-disk.ts";

/** Repeats an action until the disk refuses it. */
function exhaust(action: () => void): void {
  try {
    for (;;) action();
  } catch (error) {
    expect(String(error)).toContain("ENOSPC");
  }
}

const obstacle = await smallDiskUnavailable();
if (obstacle !== undefined) console.error(`skipped a store on a full disk: ${obstacle}`);

describe.skipIf(obstacle !== undefined)("a store on a full disk", () => {
  const opened = new AsyncDisposableStack();
  let daemon: TestDaemon;
  let disk: string;

  beforeAll(async () => {
    const { path } = opened.use(temporaryDirectory("disk"));
    const mounted = opened.use(await mountSmallDisk(path));
    disk = mounted.path;
    daemon = opened.use(await startDaemon({ TBOX_DATA_DIR: path }, undefined, mounted.enter));
    await loadBox(daemon);
  });
  afterAll(() => opened.disposeAsync());

  const reserved = () => existsSync(`${disk}/reserve/part-8`);

  /** Uses all free space and all free file entries, also those that the daemon releases meanwhile. */
  function fill(): void {
    const filler = new Uint8Array(64 * 1024);
    let number = 0;
    for (
      let { bavail, ffree } = statfsSync(disk);
      bavail > 0 || ffree > 0;
      { bavail, ffree } = statfsSync(disk)
    ) {
      for (const size of [filler.length, 4096]) {
        exhaust(() => appendFileSync(`${disk}/filler`, filler.subarray(0, size)));
      }
      exhaust(() => writeFileSync(`${disk}/entry-${number++}`, "", { flag: "a" }));
    }
  }

  function free(): void {
    rmSync(`${disk}/filler`, { force: true });
    for (let number = 0; number < smallDiskEntries; number++)
      rmSync(`${disk}/entry-${number}`, { force: true });
  }

  /** Runs `tbox` on a disk that is full before and after it. */
  async function full(...command: string[]): Promise<Outcome> {
    fill();
    const outcome = await daemon.tbox(command);
    fill();
    return outcome;
  }

  const start = (name: string, ...command: string[]) =>
    daemon.printed("run", "-d", "--name", name, "--network", "none", "box:1", ...command);
  const states = () => daemon.printed("ps", "-a", "--format", "{{.Names}} {{.State}}");

  test("containers end, and their states survive the daemon", async () => {
    await until(reserved);
    await start("ends", "sh", "-c", "trap 'exit 3' USR1; while :; do sleep 0.05; done");
    await start("stops", "sleep", "1000");
    await daemon.printed(
      "run",
      "-d",
      "--rm",
      "--name",
      "vanishes",
      "--network",
      "none",
      "box:1",
      "sleep",
      "1000",
    );
    expect(await full("kill", "-s", "USR1", "ends")).toMatchObject({ code: 0 });
    expect(await full("wait", "ends")).toMatchObject({ stdout: "3\n" });
    expect(await full("stop", "-t", "0", "stops")).toMatchObject({ code: 0 });
    expect(await full("kill", "vanishes")).toMatchObject({ code: 0 });
    await until(async () => (await states()) === "stops exited\nends exited");
    await daemon.kill();
    fill();
    await daemon.start();
    expect(await states()).toBe("stops exited\nends exited");
    expect(await daemon.printed("inspect", "-f", "{{.State.ExitCode}}", "ends", "stops")).toBe("3\n137");
    free();
    await daemon.kill();
    await daemon.start();
    expect(await states()).toBe("stops exited\nends exited");
    await daemon.printed("rm", "ends", "stops");
  });

  test("commands that free space work", async () => {
    await until(reserved);
    await daemon.printed("create", "--name", "unused", "-v", "data:/data", "box:1", "true");
    await start("busy", "sleep", "1000");
    await daemon.printed("volume", "create", "spare");
    await daemon.printed("tag", "box:1", "other:1");
    await daemon.printed("network", "create", "unused");
    fill();
    for (const command of [
      ["rm", "unused"],
      ["rm", "-f", "busy"],
      ["volume", "rm", "data", "spare"],
      ["network", "rm", "unused"],
      ["rmi", "other:1"],
      ["system", "prune", "-f", "--volumes"],
    ]) {
      const { code, stderr } = await daemon.tbox(command);
      expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: "" });
    }
    expect(await states()).toBe("");
    free();
  });

  test("commands that free space work although all space that they free is used at once", async () => {
    await until(reserved);
    const several = (name: string) => Array.from({ length: 6 }, (_, index) => `${name}${index}`);
    for (const name of several("c")) {
      await daemon.printed(
        "create",
        "--name",
        name,
        "-v",
        `${name}:/data`,
        "--network",
        "none",
        "box:1",
        "true",
      );
    }
    for (const name of several("n")) await daemon.printed("network", "create", name);
    for (const name of several("i")) await daemon.printed("commit", "c0", name);
    await start("busy", "sleep", "1000");
    for (const command of [
      ["stop", "-t", "0", "busy"],
      ...several("c").map((name) => ["rm", name]),
      ...several("n").map((name) => ["network", "rm", name]),
      ...several("i").map((name) => ["rmi", name]),
      ...several("c").map((name) => ["volume", "rm", name]),
      ["system", "prune", "-f", "--volumes"],
      ["image", "prune", "-f"],
      ["builder", "prune", "-f"],
    ]) {
      const { code, stderr } = await full(...command);
      expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: "" });
    }
    free();
    expect(await states()).toBe("");
    const index = () => readFileSync(`${disk}/index.json`, "utf8");
    await until(() => !index().includes("i0"));
    expect(await daemon.tbox(["system", "check"])).toMatchObject({ code: 0 });
  });

  test("a command that needs space names the full disk, and works when there is space again", async () => {
    await until(reserved);
    const command = ["run", "--rm", "--network", "none", "box:1", "sh", "-c", "echo works"];
    // The first commands use the reserve.
    let refused = await full(...command);
    for (let round = 0; round < 5 && refused.code === 0; round++) refused = await full(...command);
    expect(refused.code).toBe(125);
    expect(refused.stderr).toContain("the disk of ");
    expect(refused.stderr).toContain("free space, for example with tbox system prune");
    expect(await states()).toBe("");
    free();
    expect(await daemon.tbox(command)).toMatchObject({ code: 0, stdout: "works\n" });
  });
});
