import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, statSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { runProgram } from "#test/support/program.ts";
import { registryUnavailable, startRegistry, type TestRegistry } from "#test/support/registry.ts";
import { build } from "../support/build.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

const obstacle = shellUnavailable ?? registryUnavailable;

interface Manifest {
  layers: { mediaType: string; digest: string; size: number }[];
}

daemonSuite(
  "locally built layers",
  { obstacle, prepare: (daemon) => loadShell(daemon, "box:1") },
  (daemon) => {
    let registry: TestRegistry;
    let diffId: string;

    beforeAll(async () => {
      registry = await startRegistry();
      const script =
        "i=0; while [ $i -lt 60000 ]; do echo line $i of a text; i=$((i + 1)); done > /text; ln /text /link";
      const steps = ["FROM box:1", `RUN ${script}`, "COPY name /name"];
      const built = await build(daemon, steps.join("\n"), { name: "n" }, "-t", "made:1");
      expect(built.code).toBe(0);
      diffId = (await layersOf("made:1"))[1] ?? "";
    });
    afterAll(async () => {
      await registry?.[Symbol.asyncDispose]();
    });

    const tbox = async (...args: string[]) => {
      const { code, stdout, stderr } = await daemon.tbox(args);
      expect({ args, code, stderr: code === 0 ? "" : stderr }).toEqual({ args, code: 0, stderr: "" });
      return stdout;
    };
    const layersOf = async (name: string): Promise<string[]> =>
      JSON.parse(await tbox("inspect", "-f", "{{json .RootFS.Layers}}", name));
    const blobs = () => readdirSync(`${daemon.data}/blobs/sha256`);
    const raw = async (name: string): Promise<Manifest> =>
      JSON.parse(await Bun.$`skopeo inspect --raw --tls-verify=false docker://${name}`.text());
    const push = async (repository: string, ...flags: string[]) => {
      const name = `${registry.host}/${repository}:1`;
      await tbox("tag", "made:1", name);
      return { name, output: await tbox("push", ...flags, name) };
    };

    test("have no archive in the store", async () => {
      for (const layer of (await layersOf("made:1")).slice(1)) {
        expect(blobs()).not.toContain(layer.replace("sha256:", ""));
      }
      expect(await tbox("system", "check")).not.toContain("damaged");
    });

    test("are compressed once when they are pushed", async () => {
      const first = await push("gzip");
      const { layers } = await raw(first.name);
      expect(layers.map(({ mediaType }) => mediaType)).toEqual(
        layers.map(() => "application/vnd.oci.image.layer.v1.tar+gzip"),
      );
      const compressed = layers[1];
      expect(compressed?.size).toBeLessThan(300_000);
      // The registry has the archive now, so the store keeps none.
      expect(blobs()).not.toContain(compressed?.digest.replace("sha256:", ""));
      const again = await tbox("push", first.name);
      expect(again).not.toContain("Compressing");
      expect(again).not.toContain("Pushed");
      expect((await raw(first.name)).layers).toEqual(layers);
      const mounted = await push("mounted");
      expect(mounted.output).toContain("Mounted from gzip");
      expect((await raw(mounted.name)).layers).toEqual(layers);
      const digests: string[] = JSON.parse(await tbox("inspect", "-f", "{{json .RepoDigests}}", "made:1"));
      const inspected = await Bun.$`skopeo inspect --tls-verify=false docker://${first.name}`.json();
      expect(digests).toContain(`${registry.host}/gzip@${inspected.Digest}`);
    });

    test("have the same digest in another registry", async () => {
      const { layers } = await raw((await push("gzip")).name);
      await using other = await startRegistry();
      const name = `${other.host}/gzip:1`;
      await tbox("tag", "made:1", name);
      await tbox("push", name);
      expect((await raw(name)).layers).toEqual(layers);
    });

    test("are pushed with another compression or without one", async () => {
      const zstd = await raw((await push("zstd", "--compression", "zstd", "--compression-level", "9")).name);
      expect(zstd.layers[1]?.mediaType).toBe("application/vnd.oci.image.layer.v1.tar+zstd");
      const none = await raw((await push("none", "--compression", "none")).name);
      expect(none.layers[1]).toMatchObject({
        mediaType: "application/vnd.oci.image.layer.v1.tar",
        digest: diffId,
      });
      const refused = await daemon.tbox(["push", "--compression-level", "10", `${registry.host}/gzip:1`]);
      expect(refused).toMatchObject({ code: 1 });
      expect(refused.stderr).toContain("compression level 10: gzip has levels 0 to 9");
    });

    test("are read by other programs, and pulled back", async () => {
      const gzip = await push("gzip");
      const zstd = await push("zstd", "--compression", "zstd");
      const home = daemon.environment.HOME ?? "";
      for (const [index, { name }] of [gzip, zstd].entries()) {
        const copied = await runProgram(
          ["skopeo", "copy", "--src-tls-verify=false", `docker://${name}`, `dir:${home}/copy-${index}`],
          { cwd: home, environment: daemon.environment },
        );
        expect(copied).toMatchObject({ code: 0 });
      }
      const id = await tbox("images", "-q", "--no-trunc", "made:1");
      await tbox("rmi", "-f", id.trim());
      await tbox("builder", "prune", "-a", "-f");
      expect(existsSync(`${daemon.data}/layers/sha256/${diffId.slice(7)}`)).toBe(false);
      await tbox("pull", gzip.name);
      await tbox("tag", gzip.name, "made:1");
      expect(await tbox("images", "-q", "--no-trunc", "made:1")).toBe(id);
      expect(await tbox("run", "--rm", "--network=none", "made:1", "tail", "-n1", "/text")).toBe(
        "line 59999 of a text\n",
      );
    });

    test("have their compressed blob after a pull, even if another image keeps the files", async () => {
      const first = `${registry.host}/shared:1`;
      const other = `${registry.host}/shared-again:1`;
      const base = "FROM box:1\nRUN echo shared > /shared\n";
      expect((await build(daemon, base, {}, "-t", first)).code).toBe(0);
      expect((await build(daemon, `${base}ENV A=1\n`, {}, "-t", "keeps:1")).code).toBe(0);
      await tbox("push", first);
      await tbox("rmi", first);
      await tbox("pull", first);
      const { layers } = await raw(first);
      for (const { digest } of layers) expect(blobs()).toContain(digest.replace("sha256:", ""));
      await using elsewhere = await startRegistry();
      const away = `${elsewhere.host}/shared:1`;
      for (const name of [other, away]) {
        await tbox("tag", first, name);
        await tbox("push", name);
        expect((await raw(name)).layers).toEqual(layers);
      }
      const home = daemon.environment.HOME ?? "";
      await tbox("save", "-o", `${home}/shared.tar`, first);
      await tbox("rmi", "-f", first, other, away);
      await tbox("load", "-i", `${home}/shared.tar`);
      expect(await tbox("run", "--rm", "--network=none", first, "cat", "/shared")).toBe("shared\n");
      expect(await tbox("system", "check")).not.toContain("damaged");
    });

    test("are saved with the archive that gives their diffID, and loaded", async () => {
      const home = daemon.environment.HOME ?? "";
      await build(daemon, "FROM box:1\nRUN echo saved > /saved\n", {}, "-t", "saved:1");
      await tbox("save", "-o", `${home}/saved.tar`, "saved:1");
      const [, layer = ""] = await layersOf("saved:1");
      const saved = await runProgram([
        "tar",
        "-xOf",
        `${home}/saved.tar`,
        `blobs/${layer.replace(":", "/")}`,
      ]);
      expect(saved.stdout).toContain("saved");
      await tbox("rmi", "saved:1");
      await tbox("load", "-i", `${home}/saved.tar`);
      expect(await tbox("run", "--rm", "--network=none", "saved:1", "cat", "/saved")).toBe("saved\n");
    });

    test("of commit and import have no archive, or a compressed one", async () => {
      await tbox(
        "run",
        "--name",
        "made",
        "--network=none",
        "box:1",
        "sh",
        "-c",
        "echo committed > /c; ln -s c /l",
      );
      await tbox("commit", "made", "committed:1");
      const [, layer = ""] = await layersOf("committed:1");
      expect(blobs()).not.toContain(layer.replace("sha256:", ""));
      expect(await tbox("run", "--rm", "--network=none", "committed:1", "cat", "/l")).toBe("committed\n");
      const home = daemon.environment.HOME ?? "";
      await tbox("export", "-o", `${home}/c.tar`, "made");
      await tbox("import", `${home}/c.tar`, "imported:1");
      const [imported = ""] = await layersOf("imported:1");
      expect(blobs()).not.toContain(imported.replace("sha256:", ""));
      expect(await tbox("run", "--rm", "--network=none", "imported:1", "/bin/cat", "/l")).toBe("committed\n");
      // GNU tar writes other headers, so the archive stays, compressed.
      const gnu = await runProgram([
        "tar",
        "--format=gnu",
        "-C",
        "/usr/share",
        "-cf",
        `${home}/gnu.tar`,
        "common-licenses",
      ]);
      expect(gnu.code).toBe(0);
      const before = new Set(blobs());
      await tbox("import", `${home}/gnu.tar`, "gnu:1");
      const added = blobs().filter((blob) => !before.has(blob));
      const [unpacked = ""] = await layersOf("gnu:1");
      expect(added).not.toContain(unpacked.replace("sha256:", ""));
      const stored = added.map((blob) => statSync(`${daemon.data}/blobs/sha256/${blob}`).size);
      expect(Math.max(...stored)).toBeLessThan(statSync(`${home}/gnu.tar`).size / 2);
      const name = `${registry.host}/gnu:1`;
      await tbox("tag", "gnu:1", name);
      await tbox("push", name);
      expect((await raw(name)).layers[0]?.mediaType).toEndWith("+gzip");
    });

    test("that were changed on disk are found by the check, and not saved", async () => {
      await build(daemon, "FROM box:1\nRUN echo good > /file\n", {}, "-t", "changed:1");
      const [, layer = ""] = await layersOf("changed:1");
      await Bun.write(`${daemon.data}/layers/sha256/${layer.slice(7)}/file`, "evil\n");
      const check = await daemon.tbox(["system", "check"]);
      expect(check.stdout + check.stderr).toContain("its files make another archive");
      const saved = await daemon.tbox(["save", "-o", `${daemon.environment.HOME}/changed.tar`, "changed:1"]);
      expect(saved.code).toBe(1);
      await tbox("rmi", "changed:1");
    });
  },
);
