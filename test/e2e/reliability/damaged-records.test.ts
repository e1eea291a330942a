import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { loadBox, loadShell, shellUnavailable } from "../support/images.ts";

daemonSuite("damaged records", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  /** Changes the database while no daemon runs. */
  async function damage(statement: string): Promise<void> {
    await daemon.kill();
    using database = new Database(`${daemon.data}/tbox.db`);
    database.run(statement);
    await daemon.start();
  }

  test("a container whose record cannot be read is removed by name", async () => {
    const id = await daemon.printed("create", "--name", "torn", "--network", "none", "box:1", "true");
    await damage("UPDATE containers SET record = '{' WHERE name = 'torn'");
    expect(await daemon.printed("ps", "-aq")).toBe("");
    expect(readdirSync(`${daemon.data}/containers`)).toContain(id);
    await daemon.printed("rm", "torn");
    expect(readdirSync(`${daemon.data}/containers`)).not.toContain(id);
    expect((await daemon.tbox(["rm", "torn"])).stderr).toContain("No such container: torn");
  });

  test("an image whose record cannot be read stops no other, and can be loaded again or removed", async () => {
    await loadShell(daemon, "torn:1", { Labels: { own: "1" } }, [{ path: "own", content: "own" }]);
    const id = await daemon.printed("inspect", "-f", "{{.Id}}", "torn:1");
    const tear = `UPDATE images SET config = '{' WHERE id = '${id}'`;
    await damage(tear);
    expect(await daemon.printed("images", "--format", "{{.Repository}}")).toBe("box");
    await daemon.printed("image", "prune", "-af", "--filter", "label=none");
    await loadShell(daemon, "torn:1", { Labels: { own: "1" } }, [{ path: "own", content: "own" }]);
    expect(await daemon.printed("run", "--rm", "--network", "none", "torn:1", "cat", "/own")).toBe("own");
    await damage(tear);
    expect(await daemon.printed("rmi", "torn:1")).toContain(`Deleted: ${id}`);
    expect((await daemon.tbox(["system", "check"])).stdout).toContain(": no damage\n");
    expect(await daemon.printed("run", "--rm", "--network", "none", "box:1", "echo", "ran")).toBe("ran");
  });

  test.each([
    ["removed", (log: string) => renameSync(log, `${log}.away`), "is missing"],
    ["overwritten", (log: string) => writeFileSync(log, "text"), "is damaged"],
  ])(
    "a database whose log was %s stops the daemon, and nothing of the store is removed",
    async (_, damage, problem) => {
      const id = await daemon.printed("create", "--network", "none", "box:1", "echo", "kept");
      await daemon.kill();
      const log = `${daemon.data}/tbox.db-wal`;
      const content = readFileSync(log);
      damage(log);
      const command = [`${repository}/dist/tbox`, "daemon"];
      const { code, stderr } = await runProgram(command, { environment: daemon.environment });
      expect(code).toBe(1);
      expect(stderr).toContain(`${log} ${problem}: `);
      expect(stderr).toContain(`restore the file, or remove ${daemon.data}/tbox.db-shm`);
      writeFileSync(log, content);
      await daemon.start();
      expect(await daemon.printed("start", "-a", id)).toBe("kept");
      await daemon.printed("rm", id);
    },
  );

  test("a command that names another store says which store the daemon has", async () => {
    const environment = { ...daemon.environment, TBOX_DATA_DIR: `${daemon.data}-other` };
    for (const command of [["ps"], ["run", "--rm", "box:1", "true"]]) {
      const { code, stderr } = await daemon.tbox(command, { environment });
      expect(code).not.toBe(0);
      expect(stderr).toContain(
        `has the store ${daemon.data} open, and TBOX_DATA_DIR is ${daemon.data}-other: set TBOX_RUN_DIR`,
      );
    }
  });
});
