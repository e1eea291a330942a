import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { startDaemon, type TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { registryUnavailable, startRegistry, type TestRegistry } from "#test/support/registry.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import { build, builtOutput, writeContext } from "../support/build.ts";
import { loadBox, loadShell, shellUnavailable } from "../support/images.ts";

daemonSuite("the build cache", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  /** Returns the numbers of the cached steps. */
  const cachedSteps = async (of: TestDaemon, dockerfile: string, ...options: string[]) => {
    using context = writeContext({ Dockerfile: dockerfile, f: "f" });
    const { code, stderr } = await of.tbox(["build", "--progress=plain", ...options, context.path]);
    if (code !== 0) throw new Error(stderr);
    return [...stderr.matchAll(/^#(\d+) CACHED$/gm)].map(([, number]) => Number(number)).sort();
  };

  test.skipIf(registryUnavailable !== undefined)(
    "is imported from an image that another machine built",
    async () => {
      await using registry: TestRegistry = await startRegistry();
      const name = `${registry.host}/app:1`;
      const base = `${registry.host}/box:1`;
      const dockerfile = `FROM ${base}\nENV A=b\nCOPY f /f\nRUN cat /proc/sys/kernel/random/uuid > /r\nWORKDIR /\n`;
      await daemon.tbox(["tag", "box:1", base]);
      await daemon.tbox(["push", base]);
      const { stdout: image } = await build(
        daemon,
        dockerfile,
        { f: "f" },
        "-t",
        name,
        "--cache-to",
        "inline",
      );
      expect((await daemon.tbox(["push", name])).code).toBe(0);
      await using other = await startDaemon();
      expect(await cachedSteps(other, dockerfile, "--cache-from", name, "-t", "own:1")).toEqual([
        1, 2, 3, 4, 5,
      ]);
      const random = (of: TestDaemon, one: string) => of.tbox(["run", "--rm", one, "cat", "/r"]);
      expect((await random(other, "own:1")).stdout).toBe((await random(daemon, image)).stdout);
      // Steps without a key in the image are executed.
      const changed = dockerfile.replace("A=b", "A=c");
      expect(await cachedSteps(other, changed, "--cache-from", name)).toEqual([1, 3]);
      expect(await cachedSteps(other, dockerfile, "--cache-from", name, "--no-cache")).toEqual([1]);
      const missing = await other.tbox(
        ["build", "--progress=plain", "--cache-from", `${registry.host}/no:1`, "-"],
        {
          stdin: `FROM ${base}\n`,
        },
      );
      expect({ code: missing.code, told: missing.stderr.includes("cannot import the cache of") }).toEqual({
        code: 0,
        told: true,
      });
    },
  );

  test("is not used for the stages of --no-cache-filter", async () => {
    const dockerfile =
      "FROM box:1 AS one\nRUN echo 1 > /1\nFROM box:1 AS two\nCOPY --from=one /1 /1\nRUN echo 2 > /2\n";
    await build(daemon, dockerfile);
    expect(await cachedSteps(daemon, dockerfile, "--no-cache-filter", "two")).toEqual([1, 2, 3]);
  });

  test("is pruned to a size, least recently used first, and by filters", async () => {
    await daemon.tbox(["builder", "prune", "-af"]);
    const step = (name: string) => `FROM box:1\nRUN head -c 300000 /dev/urandom > /${name}\n`;
    for (const name of ["a", "b", "c"]) {
      const { stdout: image } = await build(daemon, step(name));
      await daemon.tbox(["rmi", image]);
    }
    const prune = (...options: string[]) => daemon.tbox(["builder", "prune", "-f", ...options]);
    expect((await prune("--filter", "description=urandom > /nope")).stdout).toContain(" 0B");
    expect((await prune("--max-used-space", "1g")).stdout).toContain(" 0B");
    expect((await prune("--keep-storage", "700k")).stdout).toMatch(/: 3[01]\d(\.\d+)?kB/);
    expect(await cachedSteps(daemon, step("a"))).toEqual([1]);
    expect(await cachedSteps(daemon, step("c"))).toEqual([1, 2]);
    expect((await prune("--filter", "nope=1")).stderr).toContain("invalid filter 'nope'");
    const free = await prune("-a", "--min-free-space", "1");
    expect(free.stdout).toContain(" 0B");
    expect((await prune("-a", "--min-free-space", "1000t")).stdout).not.toContain(" 0B");
  });

  test("keeps its layers when a killed daemon starts again", async () => {
    await using restarted = await startDaemon();
    await loadShell(restarted, "box:1");
    const dockerfile = "FROM box:1\nRUN head -c 300000 /dev/urandom > /r\n";
    const { stdout: image } = await build(restarted, dockerfile);
    await restarted.tbox(["rmi", image]);
    await restarted.kill();
    await restarted.start();
    // A prune ends with a garbage collection.
    await restarted.tbox(["image", "prune", "-f"]);
    expect(await cachedSteps(restarted, dockerfile)).toEqual([1, 2]);
  });

  test("stays within the configured size", async () => {
    using directory = temporaryDirectory("configuration");
    mkdirSync(`${directory.path}/tbox`);
    const configuration = { builder: { gc: { defaultMaxUsedSpace: "700kB" } } };
    writeFileSync(`${directory.path}/tbox/config.json`, JSON.stringify(configuration));
    await using small = await startDaemon({ XDG_CONFIG_HOME: directory.path });
    await loadShell(small, "box:1");
    for (const name of ["a", "b", "c"]) {
      const dockerfile = `FROM box:1\nRUN head -c 300000 /dev/urandom > /${name}\n`;
      const { stdout: image } = await build(small, dockerfile);
      await small.tbox(["rmi", image]);
    }
    // The layers of a removed image stay in the cache, which the next build prunes.
    await build(small, "FROM box:1\n");
    const size = async () => (await small.tbox(["system", "df", "--format", "{{.Type}} {{.Size}}"])).stdout;
    await until(async () => /Build Cache 6\d\d(\.\d+)?kB/.test(await size()));
  });

  test("lists and prunes cache mounts", async () => {
    await builtOutput(daemon, "true", "FROM box:1\nRUN --mount=type=cache,target=/c echo kept > /c/f\n");
    const usage = (await (await daemon.request("GET", "/system/df")).json()) as {
      BuildCache: { Type: string; Size: number }[];
    };
    const mounts = usage.BuildCache.filter(({ Type }) => Type === "exec.cachemount");
    expect(mounts).toMatchObject([{ Description: "cache mount /c", InUse: false, UsageCount: 1 }]);
    expect(mounts[0]?.Size).toBeGreaterThan(0);
    await daemon.tbox(["builder", "prune", "-f", "--filter", "type=exec.cachemount"]);
    expect(readdirSync(`${daemon.data}/build/caches`)).toEqual([]);
  });

  test("fills a cache mount from a stage or an image", async () => {
    const dockerfile = (name: string) =>
      [
        "FROM box:1 AS first",
        "RUN mkdir -p /seed/d; echo first > /seed/d/f; chown 3:4 /seed/d/f",
        "FROM box:1",
        `RUN --mount=type=cache,target=/c,from=first,source=/seed echo ${name} >> /c/d/f; cat /c/d/f > /out; stat -c %u:%g /c/d/f >> /out`,
        "",
      ].join("\n");
    expect(await builtOutput(daemon, "cat /out", dockerfile("one"))).toBe("first\none\n3:4\n");
    expect(await builtOutput(daemon, "cat /out", dockerfile("two"))).toBe("first\none\ntwo\n3:4\n");
    const alone = "FROM box:1\nRUN --mount=type=cache,target=/c,source=/x true\n";
    expect((await build(daemon, alone)).stderr).toContain("needs from");
  });
});
