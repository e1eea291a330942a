import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { migrations } from "#engine/schema.ts";
import { startDaemon, type TestDaemon } from "#test/support/daemon.ts";
import { killTrees, processesMentioning } from "#test/support/processes.ts";
import { printed } from "#test/support/program.ts";
import { shellUnavailable } from "../support/images.ts";

const archives = new URL("stores", import.meta.url).pathname;
const names = readdirSync(archives).filter((name) => name.endsWith(".tar.gz"));

describe.skipIf(shellUnavailable !== undefined).each(names)("the store of an earlier version, %s", (name) => {
  let daemon: TestDaemon;
  /** Directories of containers in the archive; the earlier daemon had created one in advance. */
  let directories: string[];

  beforeAll(async () => {
    daemon = await startDaemon();
    await daemon.printed("daemon", "stop");
    // The zygote has the directory of the new store open.
    await killTrees(processesMentioning(daemon.run));
    rmSync(daemon.data, { recursive: true });
    mkdirSync(daemon.data, { mode: 0o700 });
    await printed(["tar", "-xzf", `${archives}/${name}`, "-C", daemon.data]);
    directories = readdirSync(`${daemon.data}/containers`);
    // The archive contains no programs.
    cpSync("/bin/busybox", `${daemon.data}/volumes/programs/_data/busybox`);
    await daemon.start();
  });

  afterAll(() => daemon[Symbol.asyncDispose]());

  const programs = ["-v", "programs:/programs"];

  test("has its images, and containers can be created from them", async () => {
    const listed = await daemon.printed("images", "--format", "{{.Repository}}:{{.Tag}}");
    expect(listed.split("\n").sort()).toEqual(["built:1", "localhost:5000/team/built:stable", "old:1"]);
    const format = "{{.Config.Env}} {{.Config.Labels.kind}}";
    expect(await daemon.printed("inspect", "-f", format, "built:1")).toContain("GREETING=hello");
    const run = ["run", "--rm", "--network", "none", ...programs, "built:1", "/programs/busybox"];
    expect(await daemon.printed(...run, "cat", "/first", "/second")).toBe("first\nsecond");
    expect((await daemon.tbox(["system", "check"])).stdout).toContain(": no damage\n");
  });

  test("has its containers, with states, logs and changed files, and nothing else", async () => {
    const listed = await daemon.printed(
      "ps",
      "-a",
      "--filter",
      "label=kind=old",
      "--format",
      "{{.Names}} {{.State}}",
    );
    expect(listed.split("\n").sort()).toEqual(["ended exited", "waiting created"]);
    const ids = (await daemon.printed("ps", "-aq", "--no-trunc")).split("\n").sort();
    const left = directories.filter((id) => existsSync(`${daemon.data}/containers/${id}`));
    expect(left.sort()).toEqual(ids);
    expect(await daemon.printed("inspect", "-f", "{{.State.ExitCode}}", "ended")).toBe("3");
    expect(await daemon.printed("logs", "ended")).toBe("ran");
    expect((await daemon.tbox(["cp", "ended:/second", "-"])).stdout).toContain("changed");
  });

  test("has containers that start", async () => {
    const { code, stdout } = await daemon.tbox(["start", "-a", "ended"]);
    expect([code, stdout]).toEqual([3, "ran\n"]);
    expect(await daemon.printed("start", "-a", "waiting")).toBe("started");
    const format = "{{.HostConfig.RestartPolicy.Name}} {{json .NetworkSettings.Networks}}";
    const inspected = await daemon.printed("inspect", "-f", format, "waiting");
    expect(inspected).toStartWith('on-failure {"net":');
  });

  test("has its volumes and networks", async () => {
    expect((await daemon.printed("volume", "ls", "-q")).split("\n").sort()).toEqual(["data", "programs"]);
    const run = ["run", "--rm", "--network", "net", ...programs, "-v", "data:/data", "built:1"];
    expect(await daemon.printed(...run, "/programs/busybox", "cat", "/data/file")).toBe("written");
    const format = "{{.Labels.kind}} {{(index .IPAM.Config 0).Subnet}}";
    expect(await daemon.printed("network", "inspect", "-f", format, "net")).toBe("old 10.87.3.0/24");
  });

  test("has the current schema, and everything in it can be removed", async () => {
    const ids = (await daemon.printed("ps", "-aq")).split("\n");
    await daemon.printed("rm", "-f", ...ids);
    await daemon.printed("network", "rm", "net");
    await daemon.printed("volume", "rm", "data", "programs");
    await daemon.printed("rmi", "built:1", "localhost:5000/team/built:stable", "old:1");
    await daemon.printed("builder", "prune", "-a", "-f");
    await daemon.printed("image", "prune", "-f");
    expect(readdirSync(`${daemon.data}/layers/sha256`)).toEqual([]);
    using database = new Database(`${daemon.data}/tbox.db`, { readonly: true });
    expect(database.query("PRAGMA user_version").values()).toEqual([[migrations.length]]);
  });
});
