import { afterAll, beforeAll, expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { buildImage, type ImageSource, imageIndex, pushImage, type TestImage } from "#test/support/images.ts";
import { runProgram } from "#test/support/program.ts";
import { registryUnavailable, startRegistry, type TestRegistry } from "#test/support/registry.ts";
import { programUnavailable } from "#test/support/user.ts";

const obstacle = programUnavailable ?? registryUnavailable;
const source: ImageSource = {
  layers: [[{ path: "a", content: "first" }], [{ path: "b", content: "second" }]],
  compression: "zstd",
};

daemonSuite("push", { obstacle: obstacle }, (daemon) => {
  let registry: TestRegistry;
  let locked: TestRegistry;
  let image: TestImage;
  const me = { username: "me", password: "a:b c" };

  beforeAll(async () => {
    registry = await startRegistry();
    locked = await startRegistry(me);
    image = buildImage(source);
    await pushImage(registry.host, "from", "1", image);
    await tbox("pull", `${registry.host}/from:1`);
  });
  afterAll(async () => {
    await locked?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
  });

  const tbox = (...args: string[]) => daemon.tbox(args);
  const raw = (name: string) => Bun.$`skopeo inspect --raw --tls-verify=false docker://${name}`.text();

  test("sends a pulled image unchanged, with the same digest", async () => {
    const name = `${locked.host}/to/image:2`;
    await tbox("tag", `${registry.host}/from:1`, name);
    const refused = await tbox("push", name);
    expect(refused.stderr).toContain("push access denied");
    expect(refused.code).toBe(1);
    const auth = Buffer.from(`${me.username}:${me.password}`).toString("base64");
    await Bun.write(
      `${daemon.environment.HOME}/.docker/config.json`,
      JSON.stringify({ auths: { [locked.host]: { auth } } }),
    );
    const pushed = await tbox("push", name);
    expect(pushed.stderr).toBe("");
    const { digest, bytes } = image.manifest;
    expect(pushed.stdout).toStartWith(`The push refers to repository [${locked.host}/to/image]\n`);
    expect(pushed.stdout).toEndWith(`2: digest: ${digest} size: ${bytes.length}\n`);
    const credentials = `${me.username}:${me.password}`;
    const found =
      await Bun.$`skopeo inspect --raw --tls-verify=false --creds ${credentials} docker://${name}`.text();
    expect(found).toBe(Buffer.from(bytes).toString());
    const inspected = JSON.parse((await tbox("inspect", name)).stdout)[0];
    expect(inspected.RepoDigests).toContain(`${locked.host}/to/image@${digest}`);
    expect((await tbox("push", name)).stdout).toContain("Layer already exists");
  });

  test("to another repository of the same registry mounts the layers", async () => {
    const name = `${registry.host}/to:1`;
    await tbox("tag", `${registry.host}/from:1`, name);
    const { stdout } = await tbox("push", name);
    expect(stdout).toContain("Mounted from from");
    expect(stdout).not.toContain("Pushed");
    expect(await raw(name)).toBe(Buffer.from(image.manifest.bytes).toString());
  });

  test("sends one tag, or all with -a", async () => {
    for (const tag of ["a", "b"])
      await tbox("tag", `${registry.host}/from:1`, `${registry.host}/tags:${tag}`);
    const { stdout } = await tbox("push", "-a", `${registry.host}/tags`);
    expect(stdout).toMatch(/^a: digest: [\s\S]*^b: digest: /m);
    expect((await tbox("push", "-q", `${registry.host}/tags:b`)).stdout).toBe(`${registry.host}/tags:b\n`);
    const missing = await tbox("push", `${registry.host}/tags`);
    expect(missing.stderr).toContain(`An image does not exist locally with the tag: ${registry.host}/tags`);
    expect(missing.code).toBe(1);
  });

  test("sends the index if the registry has its other manifests, else only the manifest", async () => {
    const other = buildImage({ ...source, architecture: "s390x" });
    const index = imageIndex([image, other]);
    await pushImage(registry.host, "multi", "1", other);
    await pushImage(registry.host, "multi", "1", image);
    await pushImage(registry.host, "multi", "1", { ...image, manifest: index });
    await tbox("pull", `${registry.host}/multi:1`);
    await tbox("tag", `${registry.host}/multi:1`, `${registry.host}/multi:2`);
    await tbox("push", `${registry.host}/multi:2`);
    expect(await raw(`${registry.host}/multi:2`)).toBe(Buffer.from(index.bytes).toString());
    await tbox("tag", `${registry.host}/multi:1`, `${registry.host}/single:1`);
    const { stderr, code } = await tbox("push", `${registry.host}/single:1`);
    expect(stderr).toContain("Not all platforms");
    expect(code).toBe(0);
    expect(await raw(`${registry.host}/single:1`)).toBe(Buffer.from(image.manifest.bytes).toString());
    const foreign = await tbox("push", "--platform", "linux/arm/v5", `${registry.host}/single:1`);
    expect(foreign.stderr).toContain("no matching manifest for linux/arm/v5");
  });

  test("leaves a store that umoci and skopeo read", async () => {
    const listed = await runProgram(["umoci", "ls", "--layout", daemon.data]);
    const [name] = listed.stdout.split("\n");
    expect(name).toStartWith(registry.host);
    const { stdout } = await runProgram(["skopeo", "inspect", "--raw", `oci:${daemon.data}:${name}`]);
    expect(stdout).toBe(Buffer.from(image.manifest.bytes).toString());
  });
});
