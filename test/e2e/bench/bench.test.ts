import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { type BenchResult, benchResult } from "#bench/result.ts";
import { browserUnavailable, openBrowser } from "#test/support/browser.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { registryUnavailable, startRegistry } from "#test/support/registry.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

daemonSuite("tbox bench", {}, (daemon) => {
  const directory = temporaryDirectory("bench");
  const page = `${directory.path}/page.html`;
  const file = `${directory.path}/result.json`;
  let result: BenchResult;
  beforeAll(async () => {
    const options = ["-n", "3", "--concurrency", "2", "--peers", "bwrap,nerdctl", "--json", "--html", page];
    const json = await daemon.printed("bench", "start", ...options);
    writeFileSync(file, json);
    result = benchResult.parse(JSON.parse(json));
  });
  afterAll(() => directory[Symbol.dispose]());

  test("measures starts, first output, API requests, exec, commands, clients, bursts and phases", () => {
    const ids = result.groups.map(({ id }) => id);
    expect(ids).toEqual([
      "interleaved",
      "back-to-back",
      "first-output",
      "api",
      "api-steps",
      "exec",
      "commands",
    ]);
    for (const { series } of result.groups) {
      expect(series[0]).toMatchObject({ failures: 0 });
      expect(series[0]?.samples.every((time) => time > 0)).toBe(true);
    }
    expect(result.groups[0]?.series[0]?.samples).toHaveLength(3);
    const levels = result.throughput.filter(({ name }) => name === "tbox run");
    expect(levels.map(({ kind, parallel }) => [kind, parallel])).toEqual([
      ["clients", 1],
      ["clients", 2],
      ["burst", 1],
      ["burst", 10],
      ["burst", 100],
    ]);
    expect(result.phases.map(({ part }) => part)).toContain("sandbox");
  });

  test("names a peer that does not run here with the reason", () => {
    const known = [...(result.groups[0]?.series ?? []), ...result.skipped].map(({ name }) => name);
    expect(known).toContain("bwrap");
    if (Bun.which("nerdctl") === null) {
      expect(result.skipped).toContainEqual({ name: "nerdctl", reason: "the program is not installed" });
    }
  });

  test("leaves no container, image or file behind", async () => {
    expect(await daemon.printed("ps", "-aq")).toBe("");
    expect(readdirSync(directory.path).sort()).toEqual(["page.html", "result.json"]);
  });

  test("a program that fails is an error with its name and exit status", async () => {
    const { code, stderr } = await daemon.tbox([
      "bench",
      "start",
      "-n",
      "1",
      "--peers",
      "none",
      "hello",
      "/missing",
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain("tbox run ended with exit status 127");
    expect(await daemon.printed("ps", "-aq")).toBe("");
  });

  test("an unknown peer and a number below 1 are refused", async () => {
    const peer = await daemon.tbox(["bench", "start", "--peers", "lxc"]);
    expect(peer.stderr).toContain('unknown peer "lxc": use auto, none, or some of bwrap');
    const rounds = await daemon.tbox(["bench", "start", "-n", "0"]);
    expect(rounds.stderr).toContain("must be at least 1");
  });

  test("compare finds no change between equal results, and exits with 1 if one is slower", async () => {
    const same = await daemon.tbox(["bench", "compare", file, file]);
    expect(same.code).toBe(0);
    expect(same.stdout).not.toMatch(/slower|faster/);
    const slow = `${directory.path}/slow.json`;
    const samples = Array.from({ length: 20 }, (_, index) => 1000 + index);
    const [first, ...rest] = result.groups;
    const series = [{ name: "tbox run", samples, failures: 0 }];
    writeFileSync(slow, JSON.stringify({ ...result, groups: [{ ...first, series }, ...rest] }));
    const slower = await daemon.tbox(["bench", "compare", file, slow]);
    expect(slower.code).toBe(1);
    expect(slower.stdout).toMatch(/start, interleaved +tbox run .* slower/);
    writeFileSync(slow, "{}");
    expect((await daemon.tbox(["bench", "compare", file, slow])).stderr).toContain(
      `read ${slow}: not a result of tbox bench --json`,
    );
  });

  test.skipIf(browserUnavailable !== undefined).each([1280, 390])(
    "the page fits a window of %i pixels",
    async (width) => {
      await using browser = await openBrowser(`${directory.path}/profile-${width}`);
      await browser.resize(width, 2000);
      await browser.open(`file://${page}`);
      const content = await browser.evaluate("document.documentElement.scrollWidth");
      expect(content).toBeLessThanOrEqual(width);
      expect(await browser.evaluate("document.querySelectorAll('svg').length")).toBeGreaterThan(10);
    },
  );

  test("--cold starts the daemon in each run", async () => {
    const json = await daemon.printed("bench", "start", "--cold", "-n", "2", "--peers", "none", "--json");
    const { groups, settings } = benchResult.parse(JSON.parse(json));
    expect(settings.daemon).toBe("cold");
    expect(groups.map(({ id, series }) => [id, series[0]?.samples.length])).toEqual([["interleaved", 2]]);
    // The last daemon is no child of this suite.
    expect((await daemon.tbox(["daemon", "stop"])).code).toBe(0);
  });
});

daemonSuite("tbox bench build and pull", { obstacle: shellUnavailable ?? registryUnavailable }, (daemon) => {
  test("builds are measured in a store of their own", async () => {
    await loadShell(daemon, "shell:1");
    const options = ["-n", "1", "--files", "20", "--steps", "2", "--peers", "cp", "--json"];
    const json = await daemon.printed("bench", "build", ...options, "shell:1");
    const { groups } = benchResult.parse(JSON.parse(json));
    expect(groups.map(({ id, series }) => [id, series.map(({ name }) => name)])).toEqual([
      ["rebuild", ["tbox build"]],
      ["steps", ["tbox build"]],
      ["copy", ["tbox build", "cp -a, sha256sum"]],
    ]);
    expect(groups.flatMap(({ series }) => series).filter(({ failures }) => failures > 0)).toEqual([]);
    expect(await daemon.printed("images", "-q")).toHaveLength(12);
  });

  test("pulls and pushes are measured with an empty store each", async () => {
    await using source = await startRegistry();
    await using target = await startRegistry();
    const image = `${source.host}/shell:1`;
    await daemon.printed("tag", "shell:1", image);
    await daemon.printed("push", "-q", image);
    const options = ["-n", "2", "--peers", "none", "--push", `${target.host}/a`, "--json"];
    const { groups } = benchResult.parse(
      JSON.parse(await daemon.printed("bench", "pull", ...options, image)),
    );
    expect(groups.map(({ title, series }) => [title, series[0]?.name, series[0]?.samples.length])).toEqual([
      [`pull of ${image}`, "tbox pull", 2],
      [`push of ${image}`, "tbox push", 2],
    ]);
    const { repositories } = JSON.parse(await (await fetch(`http://${target.host}/v2/_catalog`)).text());
    expect(repositories).toHaveLength(2);
  });

  test.skipIf(Bun.which("iperf3") !== null)("a missing iperf3 is named", async () => {
    const { code, stderr } = await daemon.tbox(["bench", "network"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "tbox: iperf3 is not installed: install it with your package manager\n",
    });
  });
});
