import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import {
  buildImage,
  busyboxLayer,
  busyboxUnavailable,
  pushImage,
  type TestImage,
} from "#test/support/images.ts";
import { registryUnavailable, startRegistry, type TestRegistry } from "#test/support/registry.ts";
import { programUnavailable } from "#test/support/user.ts";
import { loadImage } from "../support/images.ts";

const obstacle = programUnavailable ?? registryUnavailable ?? busyboxUnavailable;
daemonSuite("system check", { obstacle: obstacle }, (daemon) => {
  const me = { username: "me", password: "secret" };
  // No registry listens on this port.
  const local = "127.0.0.1:1/local:1";
  let registry: TestRegistry;
  let image: TestImage;
  let name: string;

  beforeAll(async () => {
    registry = await startRegistry(me);
    const source = {
      layers: [busyboxLayer(), [{ path: "own", content: "own" }]],
      config: { Env: ["PATH=/bin"] },
    };
    image = buildImage(source);
    await pushImage(registry.host, "app", "1", image, `Basic ${btoa("me:secret")}`);
    name = `${registry.host}/app:1`;
    await daemon.tbox(["login", "-u", "me", "--password-stdin", registry.host], { stdin: "secret" });
    await loadImage(daemon, local, { layers: [[{ path: "local", content: "local" }]] });
  });
  beforeEach(async () => {
    await daemon.tbox(["pull", "-q", name]);
  });
  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
  });

  const tbox = (...args: string[]) => daemon.tbox(args);
  const blobPath = (digest: string) => `${daemon.data}/blobs/${digest.replace(":", "/")}`;
  const sound = /^2 images, 3 layers, \d+ blobs: no damage\n$/;
  const layer = () => image.layers[1] ?? { digest: "", diffId: "" };

  async function spoil(path: string): Promise<void> {
    const bytes = await Bun.file(path).bytes();
    bytes[10] = (bytes[10] ?? 0) ^ 1;
    await Bun.write(path, bytes);
  }

  test("reports nothing for an intact store", async () => {
    const { stdout, code } = await tbox("system", "check");
    expect(stdout).toMatch(sound);
    expect(code).toBe(0);
    expect(readdirSync(`${daemon.data}/layers/.staging`)).toEqual([]);
  });

  test.each([
    ["layer", () => layer().digest],
    ["configuration", () => image.config.digest],
    ["manifest", () => image.manifest.digest],
  ])("finds a %s with changed bytes, and downloads it again", async (_, digest) => {
    await spoil(blobPath(digest()));
    const found = await tbox("system", "check");
    expect(found.stdout).toContain(`blob ${digest()} (${name}): its bytes have the digest sha256:`);
    expect(found.code).toBe(1);
    const repaired = await tbox("system", "check", "--repair");
    expect(repaired.stdout).toMatch(new RegExp(`blob ${digest()} .*: repaired\n`));
    expect(repaired.code).toBe(0);
    expect((await tbox("system", "check")).stdout).toMatch(sound);
  });

  test("finds a changed or missing layer, and unpacks it again", async () => {
    const path = `layers/${layer().diffId.replace(":", "/")}`;
    const file = `${daemon.data}/${path}/own`;
    // Root in the namespace is the user, who therefore owns the file.
    await Bun.write(file, "bad");
    const { stdout } = await tbox("system", "check", "--repair");
    expect(stdout).toContain(
      `layer ${layer().diffId} (${name}): contents differ from blob ${layer().digest}: repaired`,
    );
    expect((await tbox("run", "--rm", "--network", "none", name, "cat", "/own")).stdout).toBe("own");
    await Bun.$`rm -rf ${daemon.data}/${path}`;
    expect((await tbox("system", "check", "--repair")).code).toBe(0);
    expect((await tbox("run", "--rm", "--network", "none", name, "cat", "/own")).stdout).toBe("own");
  });

  test("does not repair a layer that a running container uses", async () => {
    const id = (await tbox("run", "-d", "--network", "none", name, "sleep", "1000")).stdout.trim();
    const file = `${daemon.data}/layers/${layer().diffId.replace(":", "/")}/own`;
    await Bun.write(file, "bad");
    const found = await tbox("system", "check", "--repair");
    expect(found.stdout).toContain(`used by running container ${id.slice(0, 12)}: stop the container first`);
    expect(found.code).toBe(1);
    await tbox("rm", "-f", id);
    expect((await tbox("system", "check", "--repair")).code).toBe(0);
  });

  test("disk usage equals the store's files, and a prune removes them", async () => {
    const usage = async () => {
      const answer = (await (await daemon.request("GET", "/system/df?type=image")).json()) as {
        LayersSize: number;
      };
      return answer.LayersSize;
    };
    const disk = async () => {
      const files = await Bun.$`du -s --block-size=1 ${daemon.data}/blobs ${daemon.data}/layers`.text();
      return files.split("\n").reduce((sum, line) => sum + Number.parseInt(line || "0", 10), 0);
    };
    const [told, real] = [await usage(), await disk()];
    expect(Math.abs(told - real) / real).toBeLessThan(0.05);
    await Bun.$`mkdir ${daemon.data}/layers/sha256/${"0".repeat(64)} ${daemon.data}/layers/.staging/left`;
    const { stdout } = await tbox("image", "prune", "-af");
    expect(stdout).toContain("Total reclaimed space: ");
    expect(await usage()).toBe(0);
    expect(readdirSync(`${daemon.data}/layers/sha256`)).toEqual([]);
    expect(readdirSync(`${daemon.data}/layers/.staging`)).toEqual([]);
    await loadImage(daemon, local, { layers: [[{ path: "local", content: "local" }]] });
  });

  test("reports what it cannot repair", async () => {
    const manifest = JSON.parse((await tbox("inspect", local)).stdout)[0].Descriptor.digest;
    const bytes = await Bun.file(blobPath(manifest)).bytes();
    await Bun.$`rm ${blobPath(manifest)}`;
    const found = await tbox("system", "check", "--repair");
    expect(found.stdout).toContain(`blob ${manifest} (${local}): missing: not repaired: `);
    expect(found.code).toBe(1);
    await Bun.write(blobPath(manifest), bytes);
    expect((await tbox("system", "check")).code).toBe(0);
  });
});
