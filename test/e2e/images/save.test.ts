import { beforeAll, expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import {
  buildImage,
  dockerArchive,
  type ImageSource,
  imageIndex,
  ociArchive,
  ociLayout,
  type TestImage,
} from "#test/support/images.ts";
import { printed, runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { writeContext } from "../support/build.ts";

const source = (content: string, more: Partial<ImageSource> = {}): ImageSource => ({
  layers: [[{ path: "base", content: "shared" }], [{ path: "own", content }]],
  ...more,
});

daemonSuite("save and load", {}, (daemon) => {
  let home: string;
  let one: TestImage;

  beforeAll(async () => {
    home = daemon.environment.HOME ?? "";
    one = buildImage(source("one"));
    await load(ociArchive(one, "one:1"));
    await load(ociArchive(buildImage(source("two", { compression: "zstd" })), "two:1"));
    await tbox("tag", "one:1", "one:2");
  });

  const tbox = (...args: string[]) => daemon.tbox(args);
  const load = async (archive: Uint8Array, ...args: string[]) =>
    daemon.tbox(["load", ...args], { stdin: archive });
  const idOf = async (name: string) => (await tbox("images", "-q", "--no-trunc", name)).stdout.trim();
  const skopeo = (...args: string[]) =>
    printed(["skopeo", ...args], { cwd: home, environment: daemon.environment });
  const save = async (file: string, ...names: string[]) => {
    const outcome = await tbox("save", "-o", `${home}/${file}`, ...names);
    expect(outcome).toEqual({ stdout: "", stderr: "", code: 0 });
  };

  test("several images and names are restored", async () => {
    await save("several.tar", "one", "two:1");
    const ids = [await idOf("one:1"), await idOf("two:1")];
    const before = JSON.parse((await tbox("inspect", "two:1")).stdout)[0].Descriptor;
    await tbox("rmi", "one:1", "one:2", "two:1");
    expect((await tbox("images", "-q")).stdout).toBe("");
    const { stdout } = await tbox("load", "-i", `${home}/several.tar`);
    expect(stdout.split("\n").toSorted()).toEqual([
      "",
      "Loaded image: one:1",
      "Loaded image: one:2",
      "Loaded image: two:1",
    ]);
    expect([await idOf("one:2"), await idOf("two:1")]).toEqual(ids);
    expect(JSON.parse((await tbox("inspect", "two:1")).stdout)[0].Descriptor).toEqual(before);
  });

  test("an archive has an event with the ID of each of its images", async () => {
    await save("events.tar", "one", "two:1");
    const since = ["--since", "1", "--until", "0s", "--filter", "event=save", "--format", "{{.Actor.ID}}"];
    const { stdout } = await tbox("events", ...since);
    expect(stdout.trim().split("\n").slice(-2)).toEqual([await idOf("one:1"), await idOf("two:1")]);
  });

  test("skopeo reads the archive in both formats", async () => {
    await save("one.tar", "one:1");
    const raw = await skopeo("inspect", "--raw", "oci-archive:one.tar:1");
    expect(raw).toBe(Buffer.from(one.manifest.bytes).toString());
    const seen = JSON.parse(await skopeo("inspect", "--config", "docker-archive:one.tar:one:1"));
    expect(seen.rootfs.diff_ids).toEqual(one.layers.map(({ diffId }) => diffId));
    await skopeo("copy", "-q", "docker-archive:one.tar:one:1", "docker-archive:copied.tar:copied:1");
    expect((await tbox("load", "-i", `${home}/copied.tar`)).stdout).toBe("Loaded image: copied:1\n");
    expect(await idOf("copied:1")).toBe(await idOf("one:1"));
    await skopeo("copy", "-q", "oci-archive:one.tar:1", "oci-archive:copied-oci.tar:moved:3");
    expect((await tbox("load", "-i", `${home}/copied-oci.tar`)).stdout).toBe("Loaded image: moved:3\n");
    expect(await idOf("moved:3")).toBe(await idOf("one:1"));
  });

  test("an image built on a pulled one has all its layers in the same form", async () => {
    const dockerfile = "FROM one:1\nCOPY Dockerfile /a\n";
    using context = writeContext({ Dockerfile: dockerfile });
    await printed([`${repository}/dist/tbox`, "build", "-q", "-t", "mixed:1", context.path], daemon);
    await save("mixed.tar", "mixed:1", "one:1");
    const read = (path: string) => printed(["tar", "-xOf", "mixed.tar", path], { cwd: home });
    const manifest = JSON.parse(await read("manifest.json"));
    const built = manifest.find(({ RepoTags }: { RepoTags: string[] }) => RepoTags.includes("mixed:1"));
    const inspected = JSON.parse((await tbox("inspect", "mixed:1")).stdout)[0];
    expect(built.Layers).toEqual(
      inspected.RootFS.Layers.map((diffId: string) => `blobs/${diffId.replace(":", "/")}`),
    );
    const manifests = JSON.parse(await read("index.json")).manifests;
    const { layers } = JSON.parse(await read(`blobs/${manifests[0].digest.replace(":", "/")}`));
    expect(layers.map(({ mediaType }: { mediaType: string }) => mediaType)).toEqual(
      layers.map(() => "application/vnd.oci.image.layer.v1.tar"),
    );
    // The pulled image keeps its own blobs.
    const pulled = manifest.find(({ RepoTags }: { RepoTags: string[] }) => RepoTags.includes("one:1"));
    expect(pulled.Layers).toEqual(one.layers.map(({ digest }) => `blobs/${digest.replace(":", "/")}`));
    await tbox("rmi", "mixed:1");
    expect((await tbox("load", "-i", `${home}/mixed.tar`)).stdout).toContain("Loaded image: mixed:1\n");
    expect(await idOf("mixed:1")).toBe(inspected.Id);
    await tbox("rmi", "mixed:1");
  });

  test("skopeo copies from and to the daemon", async () => {
    const [from, to] = [
      `--src-daemon-host=unix://${daemon.socket}`,
      `--dest-daemon-host=unix://${daemon.socket}`,
    ];
    await skopeo("copy", "-q", from, "docker-daemon:one:1", "oci-archive:daemon.tar:1");
    await skopeo("copy", "-q", to, "oci-archive:daemon.tar:1", "docker-daemon:skopeo:1");
    const layers = async (name: string) => JSON.parse((await tbox("inspect", name)).stdout)[0].RootFS.Layers;
    expect(await layers("skopeo:1")).toEqual(await layers("one:1"));
    await tbox("rmi", "skopeo:1");
  });

  test("saving twice gives the same bytes, also on standard output", async () => {
    await save("first.tar", "one:1");
    const first = await Bun.file(`${home}/first.tar`).bytes();
    const piped = Bun.spawn([`${repository}/dist/tbox`, "save", "one:1"], {
      env: daemon.environment,
      stdio: ["ignore", "pipe", "inherit"],
    });
    expect(Bun.hash(await piped.stdout.bytes())).toBe(Bun.hash(first));
  });

  test.each(["gzip", "zstd"])("load accepts an archive compressed with %s", async (program) => {
    await save("whole.tar", "two:1");
    const { stdout } = Bun.spawnSync([program, "-c", `${home}/whole.tar`]);
    expect((await load(stdout)).stdout).toBe("Loaded image: two:1\n");
    expect((await load(stdout.subarray(0, stdout.length - 20))).code).toBe(1);
  });

  test("load reports a name that moves to another image", async () => {
    await load(dockerArchive(source("first"), "moving:1"));
    const id = await idOf("moving:1");
    const { stdout } = await load(dockerArchive(source("second"), "moving:1"));
    const moved = `The image moving:1 already exists, renaming the old one with ID ${id} to empty string`;
    expect(stdout).toBe(`${moved}\nLoaded image: moving:1\n`);
    expect(await idOf("moving:1")).not.toBe(id);
  });

  test("an index keeps all its platforms", async () => {
    const other = buildImage(source("one", { architecture: "s390x" }));
    const index = imageIndex([other, one]);
    await load(ociLayout(index, "many:1", [one, other]));
    await save("many.tar", "many:1");
    expect(await skopeo("inspect", "--raw", "oci-archive:many.tar:1")).toBe(
      Buffer.from(index.bytes).toString(),
    );
    await skopeo("copy", "-q", "--all", "oci-archive:many.tar:1", "dir:all");
    const single = await tbox("save", "--platform", "linux/s390x", "-o", `${home}/s390x.tar`, "many:1");
    expect(single.stderr).toBe("");
    expect(await skopeo("inspect", "--raw", "oci-archive:s390x.tar:1")).toBe(
      Buffer.from(other.manifest.bytes).toString(),
    );
    const chosen = await load(ociLayout(index, "chosen:1", [one, other]), "--platform", "linux/s390x");
    expect(chosen.code).toBe(0);
    expect(JSON.parse((await tbox("inspect", "chosen:1")).stdout)[0].Architecture).toBe("s390x");
    const none = await load(ociLayout(index, "none:1", [one, other]), "--platform", "linux/riscv64");
    expect(none.stderr).toContain("no matching manifest for linux/riscv64");
  });

  test("a missing image is an error before the file is created", async () => {
    const { code, stderr } = await tbox("save", "-o", `${home}/never.tar`, "one:1", "nosuch:1");
    expect(stderr).toContain("No such image: nosuch:1");
    expect(code).toBe(1);
    expect(await Bun.file(`${home}/never.tar`).exists()).toBe(false);
    expect((await tbox("save", "-o", `${home}/no/such/place`, "one:1")).stderr).toContain("no such file");
  });

  test.each([
    ["import .", ". is a directory: make an archive of it: tar -C . -c ."],
    ["load -i .", ". is a directory: load an archive of tbox save"],
    ["import - <.", "standard input is a directory: make an archive of it"],
    ["load <.", "standard input is a directory: load an archive of tbox save"],
    ["build - <.", "standard input is a directory: name it instead of -"],
    ["build -f . .", "unable to read the Dockerfile: . is a directory"],
  ])("tbox %s says that a directory is no archive", async (command, text) => {
    const program = ["sh", "-c", `exec ${repository}/dist/tbox ${command}`];
    const { code, stderr } = await runProgram(program, { cwd: home, environment: daemon.environment });
    expect(stderr).toContain(text);
    expect(code).toBe(1);
  });

  test("the store contains nothing but the images", async () => {
    await tbox("image", "prune", "-af");
    const blobs = await Array.fromAsync(new Bun.Glob("blobs/**").scan({ cwd: daemon.data, dot: true }));
    expect(blobs).toEqual([]);
  });
});
