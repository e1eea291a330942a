import { beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { busyboxLayer } from "#test/support/images.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { build } from "../support/build.ts";
import { loadImage, shellUnavailable } from "../support/images.ts";

const megabyte = 1_000_000;

daemonSuite("disk usage", { obstacle: shellUnavailable }, (daemon) => {
  let empty: number;

  beforeAll(async () => {
    empty = await onDisk();
    const data = { path: "data", content: randomBytes(8 * megabyte) };
    await loadImage(daemon, "box:1", {
      layers: [busyboxLayer(), [data]],
      config: { Env: ["PATH=/bin"] },
    });
    await loadImage(daemon, "idle:1", { layers: [busyboxLayer(), [{ ...data, path: "other" }]] });
    const fill = "head -c 6000000 /dev/urandom";
    const commands = [`${fill} > /own; head -c 3000000 /dev/urandom | base64 -w 100`, `${fill} > /vol/file`];
    for (const command of commands) {
      await tbox(
        "run",
        "-v",
        "vol:/vol",
        "-v",
        "/unnamed",
        "--network",
        "none",
        "box:1",
        "sh",
        "-c",
        command,
      );
    }
    const steps = [
      "FROM box:1",
      `RUN --mount=type=cache,target=/cache ${fill} > /cache/kept; ${fill} > /made`,
      "FROM box:1",
      "COPY --from=0 /bin/busybox /copy",
    ];
    expect((await build(daemon, steps.join("\n"), {}, "-t", "built:1")).stderr).toBe("");
  });

  const tbox = async (...args: string[]) => {
    const { code, stdout, stderr } = await daemon.tbox(args);
    expect({ args, code, stderr: code === 0 ? "" : stderr }).toEqual({ args, code: 0, stderr: "" });
    return stdout;
  };

  /** Returns the size of the store, without the trash, directories for coming containers and files of constant size. */
  async function onDisk(): Promise<number> {
    while (readdirSync(`${daemon.data}/trash`).length > 0) await daemon.tbox(["version"]);
    const parts = ["blobs", "layers", "volumes", "build"].map((name) => {
      mkdirSync(`${daemon.data}/${name}`, { recursive: true });
      return `${daemon.data}/${name}`;
    });
    for (const id of (await daemon.printed("ps", "-aq", "--no-trunc")).split("\n")) {
      if (id !== "") parts.push(`${daemon.data}/containers/${id}`);
    }
    // The overlay's work directory is empty and has mode 000.
    const sizes = await Bun.$`du -s --block-size=1 ${parts}`.nothrow().quiet().text();
    return sizes.split("\n").reduce((sum, line) => sum + Number.parseInt(line || "0", 10), 0);
  }

  const usage = async () => (await (await daemon.request("GET", "/system/df")).json()) as Usage;

  interface Usage {
    LayersSize: number;
    Images: { RepoTags: string[]; Size: number; SharedSize: number }[];
    Containers: { SizeRw?: number }[];
    Volumes: { Name: string; UsageData: { Size: number; RefCount: number } }[];
    BuildCache: { Type: string; Size: number }[];
    BuilderSize: number;
    ImageUsage: { Reclaimable: number };
  }

  /** Runs a prune; returns its answer, and the freed space according to `du`. */
  async function pruned(path: string) {
    const before = await onDisk();
    const answer = (await (await daemon.request("POST", path)).json()) as { SpaceReclaimed: number };
    return { told: answer.SpaceReclaimed, freed: before - (await onDisk()) };
  }

  function expectNear(told: number, real: number): void {
    expect(Math.abs(told - real) / real).toBeLessThan(0.05);
  }

  test("is accurate to five percent", async () => {
    const { LayersSize, Containers, Volumes, BuilderSize, BuildCache } = await usage();
    const written = Containers.reduce((sum, { SizeRw = 0 }) => sum + SizeRw, 0);
    const volumes = Volumes.reduce((sum, { UsageData }) => sum + UsageData.Size, 0);
    expectNear(LayersSize + written + volumes + BuilderSize, (await onDisk()) - empty);
    // The size includes its changes and its log.
    expect(written).toBeGreaterThan(10 * megabyte);
    expectNear(volumes, 6 * megabyte);
    // The result of the first step, which no image uses, and its cache mount.
    expectNear(BuilderSize, 12 * megabyte);
    expect(BuildCache.map(({ Type }) => Type)).toContain("exec.cachemount");
  });

  test("grows when cp adds files to an ended container", async () => {
    const written = async () => (await usage()).Containers.reduce((sum, { SizeRw = 0 }) => sum + SizeRw, 0);
    const before = await written();
    expect(await written()).toBe(before);
    const [id = ""] = (await daemon.printed("ps", "-aq")).split("\n");
    using directory = temporaryDirectory("copied");
    await tbox("cp", `${id}:/data`, directory.path);
    await tbox("cp", `${directory.path}/data`, `${id}:/copied`);
    expectNear((await written()) - before, 8 * megabyte);
  });

  test.each(["containers", "layers/sha256"])(
    "that is wrong in %s is corrected by system check",
    async (kind) => {
      await usage();
      const isContainer = kind === "containers";
      const ids = isContainer ? await daemon.printed("ps", "-aq", "--no-trunc") : "";
      const [name = ""] = isContainer ? ids.split("\n") : readdirSync(`${daemon.data}/${kind}`);
      const path = `${daemon.data}/${kind}/${name}/unknown`;
      const checked = async () => (await daemon.tbox(["system", "check"])).stdout;
      const corrected = new RegExp(`${name}: "tbox system df" had \\d+ bytes instead of \\d+: corrected`);
      writeFileSync(path, Buffer.alloc(megabyte));
      expect(await checked()).toMatch(corrected);
      expect(await checked()).not.toMatch(corrected);
      rmSync(path);
      expect(await checked()).toMatch(corrected);
    },
  );

  test("of an image has a unique and a shared part", async () => {
    const { Images, LayersSize, ImageUsage } = await usage();
    const of = (name: string) => Images.find(({ RepoTags }) => RepoTags.includes(name));
    const idle = of("idle:1") ?? { Size: 0, SharedSize: 0 };
    expectNear(idle.Size - idle.SharedSize, 16 * megabyte);
    // Containers use box:1 and the layers that it shares with the others.
    expectNear(LayersSize - ImageUsage.Reclaimable, of("box:1")?.Size ?? 0);
  });

  test("shows the reclaimable part", async () => {
    const rows = (await tbox("system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Active}}")).split(
      "\n",
    );
    expect(rows).toEqual(["Images 3 1", "Containers 2 0", "Local Volumes 3 3", "Build Cache 4 0", ""]);
    const details = await tbox("system", "df", "-v");
    expect(details).toContain("REPOSITORY   TAG       IMAGE ID");
    expect(details).toMatch(/\nvol +2 +6\.01MB\n/);
    expect(details).toMatch(/exec\.cachemount +6MB/);
  });

  test("shrinks by the amount that a prune reports", async () => {
    const images = await pruned('/images/prune?filters={"dangling":["false"]}');
    expectNear(images.told, images.freed);
    expect(images.freed).toBeGreaterThan(16 * megabyte);
    const containers = await pruned("/containers/prune");
    expectNear(containers.told, containers.freed);
    const builds = await pruned("/build/prune");
    expectNear(builds.told, builds.freed);
    expect(builds.freed).toBeGreaterThan(11 * megabyte);
    const stdout = await tbox("system", "prune", "-af", "--volumes");
    expect(stdout).toMatch(/Deleted Images:\n.*box:1/s);
    expect(stdout).toMatch(/Total reclaimed space: \d\d(\.\d+)?MB\n$/);
    await tbox("volume", "prune", "-af");
    expect(Math.abs((await onDisk()) - empty)).toBeLessThan(100_000);
  });
});
