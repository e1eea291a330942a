import { afterAll, beforeAll, expect, test } from "bun:test";
import { startActionsCache } from "#test/support/actions-cache.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { registryUnavailable, startRegistry, type TestRegistry } from "#test/support/registry.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { writeContext } from "../support/build.ts";
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

  test.each([
    ["1", (url: string) => `url=${url}`],
    ["2", (url: string) => `url=${url}none,url_v2=${url}`],
  ])("the cache service of GitHub Actions has the cache, with version %s of its protocol", async (_, at) => {
    await using server = startActionsCache();
    const cache = `type=gha,scope=app,token=${server.token},${at(server.url)}`;
    await isReused(`${cache},mode=max`, cache);
    const keys = [...server.entries.keys()];
    expect(keys.filter((key) => key.startsWith("buildkit-blob-1-sha256:")).length).toBeGreaterThan(1);
    expect(keys.at(-1)).toMatch(/^index-app-1-[0-9a-f]{8}#1$/);
    for (const key of keys.filter((one) => one.startsWith("buildkit-blob"))) server.entries.delete(key);
    expect(await built(stages, {}, "--cache-from", cache)).toContain(
      "the actions cache no longer has sha256:",
    );
    await forget();
  });

  test("buildx takes the service of GitHub Actions from the environment of the workflow", async () => {
    await using server = startActionsCache();
    using context = writeContext({ Dockerfile: "FROM box:1\nRUN echo 1 >/second\n" });
    const environment = {
      ACTIONS_CACHE_SERVICE_V2: "true",
      ACTIONS_RUNTIME_TOKEN: server.token,
      ACTIONS_RESULTS_URL: server.url,
    };
    const { code, stderr } = await docker(["build", "--cache-to=type=gha", context.path], { environment });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect([...server.entries.keys()].at(-1)).toMatch(/^index-buildkit-1-/);
    await forget();
  });

  test("an actions cache that refuses fails the build, unless it may", async () => {
    await using server = startActionsCache();
    server.answer = () => Response.json({ message: "quota exceeded" }, { status: 403 });
    const cache = `type=gha,token=${server.token},url=${server.url}`;
    const one = "FROM box:1\nRUN cat /proc/sys/kernel/random/uuid >/second\n";
    const failed = await build(one, {}, "--cache-to", cache, "--cache-from", cache);
    expect(failed.code).not.toBe(0);
    expect(failed.stderr).toContain("cannot import the cache of gha:buildkit of refs/heads/main");
    expect(failed.stderr).toMatch(/ERROR.* the actions cache at \S+ answered 403: quota exceeded/);
    expect(failed.stderr).not.toContain(server.token);
    expect(await built(one, {}, "--cache-to", `${cache},ignore-error=true`)).toContain("ignoring the error");
    await forget();
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
