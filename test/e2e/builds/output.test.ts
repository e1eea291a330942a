import { expect, test } from "bun:test";
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { registryUnavailable, startRegistry } from "#test/support/registry.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { build } from "../support/build.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

daemonSuite("the result of a build", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  const scratch = "FROM scratch\nCOPY a /bin/a\nCOPY a /b\n";

  test("is written to a directory or tar with only the image's files", async () => {
    using directory = temporaryDirectory("output");
    const out = `${directory.path}/out`;
    expect(await build(daemon, scratch, { a: "a" }, "-o", out)).toMatchObject({ code: 0, stderr: "" });
    expect(readdirSync(out, { recursive: true }).toSorted()).toEqual(["b", "bin", "bin/a"]);
    const file = `${directory.path}/f.tar`;
    await build(daemon, scratch, { a: "a" }, "-o", `type=tar,dest=${file}`);
    const listed = Bun.spawnSync(["tar", "tf", file]).stdout.toString().split("\n").toSorted();
    expect(listed).toEqual(["", "b", "bin/", "bin/a"]);
  });

  test("keeps hard links and FIFOs in a directory", async () => {
    using directory = temporaryDirectory("output");
    const out = `${directory.path}/out`;
    const dockerfile = [
      "FROM box:1 AS made",
      "RUN mkdir -p /m/d && echo x > /m/a && ln /m/a /m/d/b && mkfifo /m/pipe",
      "FROM scratch",
      "COPY --from=made /m /",
      "",
    ].join("\n");
    const { stderr } = await build(daemon, dockerfile, {}, "-o", out);
    expect(stderr).not.toContain("not copied");
    expect(lstatSync(`${out}/pipe`).isFIFO()).toBe(true);
    expect(statSync(`${out}/d/b`).ino).toBe(statSync(`${out}/a`).ino);
    expect(readdirSync(out).toSorted()).toEqual(["a", "d", "pipe"]);
  });

  test("is written to an archive that skopeo and tbox read", async () => {
    using directory = temporaryDirectory("output");
    const file = `${directory.path}/image.tar`;
    const dockerfile = "FROM box:1\nRUN echo x > /x\nLABEL a=b\n";
    const { stdout: image } = await build(
      daemon,
      dockerfile,
      {},
      "-t",
      "out:1",
      "-o",
      `type=oci,dest=${file}`,
    );
    const copied = Bun.spawnSync(["skopeo", "inspect", `oci-archive:${file}`]);
    expect(JSON.parse(copied.stdout.toString()).Labels).toEqual({ a: "b" });
    await daemon.tbox(["rmi", "out:1"]);
    await daemon.tbox(["load", "-i", file]);
    expect((await daemon.tbox(["image", "inspect", "--format", "{{.Id}}", "out:1"])).stdout.trim()).toBe(
      image,
    );
  });

  test("is the same image when labels come in another order", async () => {
    const given = [
      ["--label", "b=1"],
      ["--label", "a=2"],
    ];
    const first = await build(daemon, "FROM box:1\n", {}, ...given.flat());
    const second = await build(daemon, "FROM box:1\n", {}, ...given.toReversed().flat());
    expect(second.stdout).toBe(first.stdout);
  });

  test("gets every name, and its ID is written to --iidfile and --metadata-file", async () => {
    using directory = temporaryDirectory("output");
    const [id, metadata] = [`${directory.path}/id`, `${directory.path}/metadata`];
    const given = ["-t", "many:1", "-t", "many:2", "--iidfile", id, "--metadata-file", metadata];
    const { stdout: image } = await build(daemon, "FROM box:1\n", {}, ...given, "--annotation", "org.x=y");
    expect(readFileSync(id, "utf8")).toBe(image);
    const [{ Descriptor }] = JSON.parse((await daemon.tbox(["image", "inspect", image])).stdout);
    expect(JSON.parse(readFileSync(metadata, "utf8"))).toEqual({
      "containerimage.config.digest": image,
      "containerimage.descriptor": Descriptor,
      "containerimage.digest": Descriptor.digest,
      "image.name": "many:1,many:2",
    });
    const listed = await daemon.tbox(["images", "--format", "{{.Tag}}", "many"]);
    expect(listed.stdout.trim().split("\n").toSorted()).toEqual(["1", "2"]);
    const manifest = readFileSync(`${daemon.data}/blobs/${Descriptor.digest.replace(":", "/")}`, "utf8");
    expect(JSON.parse(manifest).annotations).toEqual({ "org.x": "y" });
  });

  test.skipIf(registryUnavailable !== undefined)("is pushed under every name", async () => {
    await using registry = await startRegistry();
    const names = ["a:1", "b/c:2"].map((name) => `${registry.host}/${name}`);
    const given = names.flatMap((name) => ["-t", name]);
    const { code, stdout: image } = await build(daemon, "FROM box:1\nENV A=pushed\n", {}, "--push", ...given);
    expect(code).toBe(0);
    await daemon.tbox(["rmi", ...names]);
    for (const name of names) {
      await daemon.tbox(["pull", name]);
      expect((await daemon.tbox(["image", "inspect", "-f", "{{.Id}}", name])).stdout.trim()).toBe(image);
    }
    expect((await build(daemon, "FROM box:1\n", {}, "-o", "type=registry")).stderr).toContain(
      "tag is needed",
    );
  });

  test("is pruned from the cache, except for layers that images use", async () => {
    const { stdout: image } = await build(daemon, "FROM box:1\nRUN echo kept > /kept\n", {}, "-t", "kept:1");
    await build(daemon, "FROM box:1\nRUN echo gone > /gone\n", {}, "-t", "gone:1");
    await daemon.tbox(["rmi", "gone:1"]);
    const layers = () => readdirSync(`${daemon.data}/layers/sha256`).length;
    const before = layers();
    const { stdout } = await daemon.tbox(["builder", "prune", "-f"]);
    expect(stdout).toContain("Total reclaimed space:");
    expect(layers()).toBeLessThan(before);
    expect((await daemon.tbox(["run", "--rm", image, "cat", "/kept"])).stdout).toBe("kept\n");
    const again = await daemon.tbox(["build", "--progress=plain", "-"], {
      stdin: "FROM box:1\nRUN echo kept > /kept\n",
    });
    expect(again.stderr).toContain("#2 CACHED");
    await daemon.tbox(["builder", "prune", "-af"]);
    const anew = await daemon.tbox(["build", "--progress=plain", "-"], {
      stdin: "FROM box:1\nRUN echo kept > /kept\n",
    });
    expect(anew.stderr).toContain("#2 DONE");
  });

  test.each([
    [["-o", "type=x"], 'output type "x" is not supported'],
    [["-o", "type=local"], "dest is required"],
    [["-o", "type=oci,compression=estargz"], "compression estargz is not supported"],
    [["-o", "type=image,oci-artifact=true"], "output: oci-artifact=true is not supported"],
    [["--cache-to", "type=s3"], "cache-to: type s3 is not supported: use type=registry"],
    [["--sbom", "true"], "scan the finished image instead"],
    [["--build-context", "a=./none"], "failed to get build context path ./none"],
    [["--allow", "security.insecure"], "only network.host can be allowed"],
    [["-f", "nope"], "unable to read the Dockerfile"],
  ])("%j is refused", async (given, reason) => {
    const { code, stderr } = await build(daemon, "FROM box:1\n", {}, ...given);
    expect(code).not.toBe(0);
    expect(stderr).toContain(reason);
    expect(existsSync("nope")).toBe(false);
  });
});
