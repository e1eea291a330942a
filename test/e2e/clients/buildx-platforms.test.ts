import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { registryUnavailable, startRegistry, type TestRegistry } from "#test/support/registry.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { writeContext } from "../support/build.ts";
import { buildxUnavailable, openBuildx } from "../support/buildx.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

const obstacle = buildxUnavailable ?? registryUnavailable ?? shellUnavailable;
const both = ["--platform", "linux/amd64,linux/arm64"];
daemonSuite("docker build with buildx for several platforms", { obstacle, prepare: loadBox }, (daemon) => {
  const { docker, built, build } = openBuildx(daemon);
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(() => registry?.[Symbol.asyncDispose]());
  const crossed = [
    "FROM --platform=$BUILDPLATFORM box:1 AS cross",
    "ARG TARGETARCH",
    "RUN echo for $TARGETARCH >/f",
    "FROM scratch",
    "ARG TARGETARCH",
    "COPY --from=cross /f /f",
    "LABEL arch=$TARGETARCH",
  ].join("\n");
  const architectures = ["amd64", "arm64"];

  test("an index is pushed, and each platform can be the base of another build", async () => {
    const name = `${registry.host}/both:1`;
    await built(crossed, {}, "-t", name, "--push", ...both);
    const { stdout } = await docker(["buildx", "imagetools", "inspect", "--raw", name]);
    const { manifests } = JSON.parse(stdout);
    const platforms = manifests.map(
      (one: { platform: { architecture: string } }) => one.platform.architecture,
    );
    expect(platforms).toEqual(["amd64", "arm64", "unknown", "unknown"]);
    await docker(["rmi", "-f", name]);
    using out = temporaryDirectory("out");
    for (const architecture of architectures) {
      const target = `${out.path}/${architecture}`;
      await built(`FROM ${name}\n`, {}, "--platform", `linux/${architecture}`, "-o", target);
      expect(readFileSync(`${target}/f`, "utf8")).toBe(`for ${architecture}\n`);
    }
  });

  test("a bake target with the builder's platform can be the base of a target for several platforms", async () => {
    using out = temporaryDirectory("out");
    const platforms = architectures.map((architecture) => `linux/${architecture}`);
    const bake = {
      target: {
        base: { dockerfile: "Base", platforms },
        app: {
          dockerfile: "App",
          contexts: { base: "target:base" },
          platforms,
          output: [`type=local,dest=${out.path}`],
        },
      },
    };
    using context = writeContext({
      "bake.json": JSON.stringify(bake),
      Base: "FROM --platform=$BUILDPLATFORM box:1\nARG TARGETARCH\nRUN echo for $TARGETARCH >/f\n",
      App: "FROM base AS copied\nFROM scratch\nCOPY --from=copied /f /\n",
    });
    const allowed = ["--allow", `fs.write=${out.path}`];
    const baked = await docker(["buildx", "bake", "-f", "bake.json", ...allowed, "app"], {
      cwd: context.path,
    });
    expect(baked.code === 0 ? "" : baked.stderr).toBe("");
    for (const architecture of architectures) {
      expect(readFileSync(`${out.path}/linux_${architecture}/f`, "utf8")).toBe(`for ${architecture}\n`);
    }
  });

  test("the store keeps the images of all platforms under one name", async () => {
    await built(crossed, {}, "-t", "both:2", ...both);
    expect((await docker(["images", "-q"])).stdout.split("\n")).not.toContain("<none>");
    await docker(["image", "prune", "-f"]);
    expect((await docker(["images", "-f", "dangling=true", "-q"])).stdout).toBe("");
    for (const architecture of architectures) {
      const created = await docker(["create", "--platform", `linux/${architecture}`, "both:2", "/f"]);
      const inspected = await docker(["inspect", "-f", "{{.Config.Labels.arch}}", created.stdout.trim()]);
      expect(inspected.stdout).toBe(`${architecture}\n`);
      await docker(["rm", created.stdout.trim()]);
    }
    const name = `${registry.host}/both:2`;
    await docker(["tag", "both:2", name]);
    expect((await docker(["push", name])).stderr).toBe("");
    const { stdout } = await docker(["buildx", "imagetools", "inspect", "--raw", name]);
    expect(JSON.parse(stdout).manifests).toHaveLength(2);
  });

  test("the images of all platforms are removed with the last name of their index", async () => {
    await built(crossed.replace("echo for", "echo removed for"), {}, "-t", "gone:1", "-t", "gone:2", ...both);
    const all = async () => (await docker(["images", "-aq", "--no-trunc"])).stdout.trim().split("\n").length;
    const before = await all();
    await docker(["rmi", "gone:1"]);
    expect((await docker(["images", "-f", "dangling=true", "-q"])).stdout).toBe("");
    const { stdout } = await docker(["rmi", "gone:2"]);
    expect(stdout.match(/^Deleted: /gm)?.length).toBeGreaterThanOrEqual(2);
    expect((await docker(["images", "-f", "dangling=true", "-q"])).stdout).toBe("");
    expect(await all()).toBeLessThan(before);
  });

  test("files of each platform are in a directory of their own, and archives have an index", async () => {
    using out = temporaryDirectory("out");
    const archive = `${out.path}/oci.tar`;
    await built(crossed, {}, ...both, "-o", `${out.path}/files`, "-o", `type=oci,dest=${archive},name=x/y:1`);
    for (const architecture of architectures) {
      const file = `${out.path}/files/linux_${architecture}/f`;
      expect(readFileSync(file, "utf8")).toBe(`for ${architecture}\n`);
    }
    const index = Bun.spawnSync(["tar", "-xOf", archive, "index.json"]).stdout.toString();
    expect(JSON.parse(index).manifests).toMatchObject([
      { mediaType: "application/vnd.oci.image.index.v1+json" },
    ]);
    const loaded = await docker(["load", "-i", archive]);
    expect(loaded.stdout).toContain("Loaded image: x/y:1");
    await built(crossed, {}, ...both, "-o", `type=tar,dest=${out.path}/files.tar`);
    const names = Bun.spawnSync(["tar", "-tf", `${out.path}/files.tar`]).stdout.toString();
    expect(names).toContain("linux_arm64/f\n");
  });

  test("an archive of docker's format has one platform", async () => {
    using out = temporaryDirectory("out");
    const { code, stderr } = await build(crossed, {}, ...both, "-o", `type=docker,dest=${out.path}/d.tar`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/docker exporter does not|output type docker cannot have several manifests/);
  });
});
