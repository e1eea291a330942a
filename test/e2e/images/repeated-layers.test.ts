import { afterAll, beforeAll, expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { busyboxLayer } from "#test/support/images.ts";
import { registryUnavailable, startRegistry, type TestRegistry } from "#test/support/registry.ts";
import { type TarEntry, tarNames } from "#test/support/tar.ts";
import { loadImage, shellUnavailable } from "../support/images.ts";

const base = (): TarEntry[] => [...busyboxLayer(), { path: "w", type: "directory" }];
const a: TarEntry[] = [
  { path: "w", type: "directory" },
  { path: "w/both", content: "a" },
  { path: "w/only-a", content: "a" },
  { path: "w/.wh.hidden-by-a", content: "" },
];
const b: TarEntry[] = [
  { path: "w", type: "directory" },
  { path: "w/both", content: "b" },
  { path: "w/only-b", content: "b" },
  { path: "w/hidden-by-a", content: "b" },
  { path: "w/.wh.only-a", content: "" },
];

const obstacle = shellUnavailable ?? registryUnavailable;
daemonSuite("images with the same layer twice", { obstacle }, (daemon) => {
  let registry: TestRegistry;

  beforeAll(async () => {
    registry = await startRegistry();
    const config = { Env: ["PATH=/bin"] };
    await loadImage(daemon, "adjacent:1", { layers: [base(), a, a], config });
    await loadImage(daemon, "around:1", { layers: [base(), a, b, a], config });
    await loadImage(daemon, "empty:1", { layers: [base(), [], []], config });
  });
  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
  });

  const tbox = (...args: string[]) => daemon.tbox(args);
  const run = (image: string, script: string) =>
    daemon.printed("run", "--rm", "--network", "none", image, "sh", "-c", script);
  const layersOf = async (image: string): Promise<string[]> =>
    JSON.parse((await tbox("inspect", image)).stdout)[0].RootFS.Layers;

  test("the uppermost occurrence decides the content", async () => {
    expect(await run("adjacent:1", "cat /w/both; ls /w")).toBe("aboth\nonly-a");
    expect(await run("around:1", "cat /w/both; ls /w")).toBe("aboth\nonly-a\nonly-b");
    expect(await run("empty:1", "echo runs")).toBe("runs");
  });

  test("cp, diff and export show its content", async () => {
    await daemon.printed("create", "--name", "shown", "around:1", "true");
    const copied = await tbox("cp", "shown:/w/only-b", "-");
    expect(copied.code).toBe(0);
    expect(copied.stdout).toContain("only-b");
    const exported = await tbox("export", "-o", `${daemon.data}/../shown.tar`, "shown");
    expect(exported).toEqual({ stdout: "", stderr: "", code: 0 });
    const names = await tarNames(await Bun.file(`${daemon.data}/../shown.tar`).bytes());
    expect(names.filter((name) => name.startsWith("w/")).toSorted()).toEqual([
      "w/",
      "w/both",
      "w/only-a",
      "w/only-b",
    ]);
    await Bun.file(`${daemon.data}/../shown.tar`).delete();
    expect(await daemon.printed("diff", "shown")).toBe("");
  });

  test("commit and build keep every occurrence", async () => {
    const before = await layersOf("around:1");
    expect(before).toHaveLength(4);
    await daemon.printed("run", "--name", "changed", "--network", "none", "around:1", "touch", "/w/new");
    await daemon.printed("commit", "changed", "committed:1");
    expect((await layersOf("committed:1")).slice(0, 4)).toEqual(before);
    expect(await run("committed:1", "ls /w")).toBe("both\nnew\nonly-a\nonly-b");
    const dockerfile = "FROM around:1\nRUN touch /w/built\nCOPY --from=around:1 /w/both /w/copied\n";
    const built = await daemon.tbox(["build", "-q", "-t", "built:1", "-"], { stdin: dockerfile });
    expect(built.code).toBe(0);
    expect((await layersOf("built:1")).slice(0, 4)).toEqual(before);
    expect(await run("built:1", "cat /w/copied; ls /w")).toBe("aboth\nbuilt\ncopied\nonly-a\nonly-b");
  });

  test("a build that makes the same layer twice runs", async () => {
    const dockerfile = [
      "FROM around:1 AS source",
      "FROM empty:1",
      "COPY --from=source /w/both /x/",
      "COPY --from=source /w/both /x/",
      "RUN cat /x/both",
    ].join("\n");
    const epoch = ["--build-arg", "SOURCE_DATE_EPOCH=1"];
    const built = await daemon.tbox(["build", "-q", ...epoch, "-t", "twice:1", "-"], { stdin: dockerfile });
    expect(built.stderr).toBe("");
    const layers = await layersOf("twice:1");
    expect(layers[3]).toBe(layers[4] ?? "");
    expect(await run("twice:1", "cat /x/both")).toBe("a");
  });

  test("push and pull keep every occurrence", async () => {
    const name = `${registry.host}/around:1`;
    const before = await layersOf("around:1");
    await daemon.printed("tag", "around:1", name);
    await daemon.printed("push", "-q", name);
    await daemon.printed("rmi", "-f", name, "around:1");
    await daemon.printed("pull", "-q", name);
    expect(await layersOf(name)).toEqual(before);
    expect(await run(name, "ls /w")).toBe("both\nonly-a\nonly-b");
  });
});
