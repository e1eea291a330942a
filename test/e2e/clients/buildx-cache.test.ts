import { afterAll, beforeAll, expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { registryUnavailable, startRegistry, type TestRegistry } from "#test/support/registry.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { buildxUnavailable, openBuildx } from "../support/buildx.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

const obstacle = buildxUnavailable ?? registryUnavailable ?? shellUnavailable;
daemonSuite("exported caches of docker build with buildx", { obstacle, prepare: loadBox }, (daemon) => {
  const { docker, built, build } = openBuildx(daemon);
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(() => registry?.[Symbol.asyncDispose]());
  /** Each RUN gives another result when it is carried out again. */
  const stages = [
    "FROM box:1 AS first",
    "RUN cat /proc/sys/kernel/random/uuid >/first",
    "FROM box:1",
    "COPY --from=first /first /first",
    "ENV A=1",
    "RUN cat /proc/sys/kernel/random/uuid >/second",
  ].join("\n");
  /** Removes every image and every result, as in a new store. */
  const forget = async () => {
    await docker(["rmi", "-f", "cached:1"]);
    await docker(["image", "prune", "-f"]);
    await docker(["builder", "prune", "-af"]);
  };
  const firstLine = async () =>
    (await docker(["run", "--rm", "--network", "none", "cached:1", "cat", "/second"])).stdout;
  const isReused = async (to: string, from: string, dockerfile = stages) => {
    await built(dockerfile, {}, "-t", "cached:1", "--cache-to", to);
    const before = await firstLine();
    await forget();
    const again = await built(dockerfile, {}, "-t", "cached:1", "--cache-from", from);
    expect(again).toContain("CACHED");
    expect(await firstLine()).toBe(before);
    await forget();
  };

  test("a registry has the cache of all stages, in either form", async () => {
    const ref = `${registry.host}/cache`;
    await isReused(`type=registry,mode=max,ref=${ref}:a`, `type=registry,ref=${ref}:a`);
    const index = `type=registry,mode=max,image-manifest=false,compression=zstd,ref=${ref}:b`;
    await isReused(index, `type=registry,ref=${ref}:b`);
    const media = await fetch(`http://${registry.host}/v2/cache/manifests/a`, {
      headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
    });
    expect(await media.json()).toMatchObject({
      config: { mediaType: "application/vnd.buildkit.cacheconfig.v0" },
    });
  });

  test("a directory of the client has the cache", async () => {
    using cache = temporaryDirectory("cache");
    await isReused(`type=local,mode=max,dest=${cache.path}/c`, `type=local,src=${cache.path}/c`);
    const { manifests } = await Bun.file(`${cache.path}/c/index.json`).json();
    expect(manifests).toHaveLength(1);
  });

  test("a cache of the result has the steps of its last stage", async () => {
    const ref = `${registry.host}/cache:min`;
    const one = "FROM box:1\nRUN cat /proc/sys/kernel/random/uuid >/second\n";
    await isReused(`type=registry,ref=${ref}`, `type=registry,ref=${ref}`, one);
  });

  test("a pushed image with an inline cache is read without pulling it", async () => {
    const name = `${registry.host}/inline:1`;
    const dockerfile = "FROM box:1\nRUN cat /proc/sys/kernel/random/uuid >/second\n";
    await built(dockerfile, {}, "-t", name, "--push", "--cache-to", "type=inline");
    await docker(["tag", name, "cached:1"]);
    const before = await firstLine();
    await docker(["rmi", "-f", name]);
    await forget();
    await built(dockerfile, {}, "-t", "cached:1", "--cache-from", name);
    expect(await firstLine()).toBe(before);
    await forget();
  });

  test("a cache that is missing or unknown is no error", async () => {
    const dockerfile = "FROM box:1\nRUN echo built >/second\n";
    const from = `type=registry,ref=${registry.host}/none:1`;
    expect(await built(dockerfile, {}, "--cache-from", from)).toContain("cannot import the cache of");
    expect((await build(dockerfile, {}, "--cache-to", "type=s3,bucket=b,region=r")).code).toBeNumber();
  });
});
