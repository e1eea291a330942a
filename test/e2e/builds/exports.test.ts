import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { startActionsCache } from "#test/support/actions-cache.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { serveRepository } from "#test/support/git-server.ts";
import { registryUnavailable, startRegistry, type TestRegistry } from "#test/support/registry.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { build, builtOutput, type ContextFiles, writeContext } from "../support/build.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

const partSchema = z.looseObject({ digest: z.string(), platform: z.unknown().optional() });
const documentSchema = z.looseObject({
  annotations: z.record(z.string(), z.string()).optional(),
  manifests: z.array(partSchema).default([]),
  layers: z.array(partSchema).default([]),
  predicate: z.unknown().optional(),
});
type Document = z.infer<typeof documentSchema>;

const obstacle = registryUnavailable ?? shellUnavailable;
daemonSuite(
  "tbox build with sources and results outside the store",
  { obstacle, prepare: loadBox },
  (daemon) => {
    let registry: TestRegistry;
    beforeAll(async () => {
      registry = await startRegistry();
    });
    afterAll(() => registry?.[Symbol.asyncDispose]());
    const tbox = async (...args: string[]) => {
      const { code, stdout, stderr } = await daemon.tbox(args);
      expect({ args, code, stderr: code === 0 ? "" : stderr }).toEqual({ args, code: 0, stderr: "" });
      return stdout;
    };
    const built = async (dockerfile: string, files: ContextFiles, ...options: string[]) => {
      const result = await build(daemon, dockerfile, files, ...options);
      expect(result).toMatchObject({ code: 0 });
      return result;
    };
    /** Each RUN gives another result when it is carried out again. */
    const random = "RUN cat /proc/sys/kernel/random/uuid >/made\n";
    const made = async (image: string) => tbox("run", "--rm", "--network", "none", image, "cat", "/made");
    const manifestOf = async (path: string): Promise<Document> => {
      const types = ["oci.image.index.v1", "oci.image.manifest.v1"];
      const accept = types.map((type) => `application/vnd.${type}+json`).join(", ");
      const response = await fetch(`http://${registry.host}/v2/${path}`, { headers: { accept } });
      return documentSchema.parse(await response.json());
    };

    test("a directory, an image and a repository are named contexts", async () => {
      using other = writeContext({ f: "from a directory\n" });
      using repository = serveRepository("smart");
      const contexts = [`dir=${other.path}`, "image=docker-image://box:1", `repo=${repository.url}`];
      const dockerfile =
        "FROM image\nCOPY --from=dir f /f\nRUN --mount=from=repo,target=/r cat /r/file >>/f && cat /f\n";
      const given = contexts.flatMap((one) => ["--build-context", one]);
      expect(await builtOutput(daemon, "cat /f", dockerfile, {}, ...given)).toBe("from a directory\nnew\n");
    });

    test("an OCI layout is written, and is a named context without staying in the store", async () => {
      using out = temporaryDirectory("layout");
      const layout = `${out.path}/l`;
      const base = "FROM box:1\nRUN echo from a layout >/l\n";
      const { stdout: id } = await built(base, {}, "-t", "l:1", "-o", `type=oci,tar=false,dest=${layout}`);
      expect(existsSync(`${layout}/oci-layout`)).toBe(true);
      await tbox("rmi", id);
      await tbox("builder", "prune", "-af");
      const context = `base=oci-layout://${layout}:1`;
      const output = await builtOutput(
        daemon,
        "cat /l",
        "FROM base\nENV A=1\n",
        {},
        "--build-context",
        context,
      );
      expect(output).toBe("from a layout\n");
      const missing = await build(
        daemon,
        "FROM base\n",
        {},
        "--build-context",
        `base=oci-layout://${layout}:2`,
      );
      expect(missing.stderr).toContain("no content with the tag 2: it has 1");
    });

    test("a registry, a directory and the image itself keep the cache", async () => {
      using out = temporaryDirectory("cache");
      const name = `${registry.host}/cached:1`;
      const dockerfile = `FROM box:1 AS first\n${random}FROM box:1\nCOPY --from=first /made /made\n`;
      const caches = [
        [`type=registry,mode=max,ref=${name}`, name],
        [`type=local,mode=max,dest=${out.path}/c`, `type=local,src=${out.path}/c`],
      ] as const;
      for (const [to, from] of caches) {
        await built(dockerfile, {}, "-t", "cached:1", "--cache-to", to);
        const before = await made("cached:1");
        await tbox("rmi", "cached:1");
        await tbox("builder", "prune", "-af");
        await built(dockerfile, {}, "-t", "cached:1", "--cache-from", from);
        expect(await made("cached:1")).toBe(before);
      }
      const inline = `${registry.host}/inline:1`;
      await built(`FROM box:1\n${random}`, {}, "-t", inline, "--cache-to", "type=inline", "--push");
      const before = await made(inline);
      await tbox("rmi", inline);
      await tbox("builder", "prune", "-af");
      await built(`FROM box:1\n${random}`, {}, "-t", "cached:1", "--cache-from", inline);
      expect(await made("cached:1")).toBe(before);
    });

    test("the environment of a workflow gives a cache of GitHub Actions its service", async () => {
      await using server = startActionsCache();
      using context = writeContext({ Dockerfile: `FROM box:1\n${random}` });
      const environment = {
        ...daemon.environment,
        ACTIONS_CACHE_SERVICE_V2: "true",
        ACTIONS_RUNTIME_TOKEN: server.token,
        ACTIONS_RESULTS_URL: server.url,
      };
      const command = [
        "build",
        "-t",
        "cached:1",
        "--cache-from=type=gha",
        "--cache-to=type=gha",
        context.path,
      ];
      const inWorkflow = async () => {
        const { code, stderr } = await daemon.tbox(command, { environment });
        expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
        return made("cached:1");
      };
      const before = await inWorkflow();
      await tbox("rmi", "cached:1");
      await tbox("builder", "prune", "-af");
      expect(await inWorkflow()).toBe(before);
      expect(server.requests).toContain(
        "POST /twirp/github.actions.results.api.v1.CacheService/FinalizeCacheEntryUpload",
      );
      const outside = await daemon.tbox(command);
      expect(outside.code).toBe(0);
      expect(outside.stderr).toContain("the cache type=gha is not used: ACTIONS_RUNTIME_TOKEN is not set");
    });

    test("an image with a provenance is pushed, and the metadata file describes it", async () => {
      using out = temporaryDirectory("metadata");
      const name = `${registry.host}/proven:1`;
      const files = ["--metadata-file", `${out.path}/m`, "--iidfile", `${out.path}/id`];
      const output = `type=image,push=true,name=${name}`;
      const given = ["-o", output, "--provenance", "mode=max", "--build-arg", "A=1", ...files];
      const { stdout: id } = await built("FROM box:1\nARG A\nENV P=1\n", {}, ...given);
      expect(readFileSync(`${out.path}/id`, "utf8")).toBe(id);
      const metadata = JSON.parse(readFileSync(`${out.path}/m`, "utf8"));
      expect(metadata["containerimage.descriptor"].digest).toBe(metadata["containerimage.digest"]);
      const index = await manifestOf(`proven/manifests/${metadata["containerimage.digest"]}`);
      const [, attestation] = index.manifests;
      const { layers } = await manifestOf(`proven/manifests/${attestation?.digest}`);
      const { predicate } = await manifestOf(`proven/blobs/${layers[0]?.digest}`);
      expect(predicate).toMatchObject({ invocation: { parameters: { args: { "build-arg:A": "1" } } } });
    });

    test("several platforms become an index with the annotations of each part", async () => {
      using out = temporaryDirectory("platforms");
      const name = `${registry.host}/several:1`;
      const dockerfile = "FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /f\n";
      const files = { amd64: "a", arm64: "b" };
      const platforms = ["--platform", "linux/amd64,linux/arm64"];
      const annotations = ["--annotation", "index:org.i=1", "--annotation", "manifest[linux/arm64]:org.m=2"];
      await built(dockerfile, files, "-t", name, "--push", ...platforms, ...annotations);
      const index = await manifestOf("several/manifests/1");
      expect(index.annotations).toEqual({ "org.i": "1" });
      const platformsOf = index.manifests.map(({ platform }) => platform);
      expect(platformsOf).toMatchObject([{ architecture: "amd64" }, { architecture: "arm64" }]);
      const arm = await manifestOf(`several/manifests/${index.manifests[1]?.digest}`);
      expect(arm.annotations).toEqual({ "org.m": "2" });
      await built(dockerfile, files, ...platforms, "-o", out.path);
      expect(readFileSync(`${out.path}/linux_arm64/f`, "utf8")).toBe("b");
      const { stderr } = await daemon.tbox(["build", "--progress", "plain", ...platforms, "-"], {
        stdin: "FROM scratch\nWORKDIR /w\n",
      });
      expect(stderr).toContain("[linux/arm64 2/2] WORKDIR /w");
      expect(stderr).toContain("exporting to image");
    });

    test("source-date-epoch of an output bounds times, and RUN keeps the argument", async () => {
      const dockerfile = 'FROM box:1\nARG SOURCE_DATE_EPOCH\nRUN echo "[$SOURCE_DATE_EPOCH]" >/made\n';
      const created = async (value: string) => {
        using out = temporaryDirectory("dated");
        const output = `type=oci,dest=${out.path}/a.tar,source-date-epoch=${value}`;
        await built(
          dockerfile,
          {},
          "-t",
          "dated:1",
          "-o",
          output,
          "--build-arg=SOURCE_DATE_EPOCH=1000000000",
        );
        expect(await made("dated:1")).toBe("[1000000000]\n");
        return Date.parse((await tbox("image", "inspect", "-f", "{{.Created}}", "dated:1")).trim());
      };
      expect(await created("900000000")).toBe(900_000_000_000);
      expect(await created("")).toBe(1_000_000_000_000);
      const file = "FROM scratch\nENV A=1\nCOPY Dockerfile /\n";
      await built(file, {}, "-t", "dated:2", "--build-arg=SOURCE_DATE_EPOCH=1000000000");
      const times = await tbox("history", "--human=false", "--format", "{{.CreatedAt}}", "dated:2");
      expect(
        new Set(
          times
            .trim()
            .split("\n")
            .map((time) => Date.parse(time)),
        ),
      ).toEqual(new Set([1_000_000_000_000]));
    });

    test("a file output has the times of SOURCE_DATE_EPOCH, a zstd archive its compression", async () => {
      using out = temporaryDirectory("output");
      const archive = `${out.path}/a.tar`;
      const given = [
        "-o",
        `${out.path}/files`,
        "-o",
        `type=oci,dest=${archive},compression=zstd,force-compression=true`,
      ];
      await built(
        "FROM scratch\nCOPY f /f\n",
        { f: "f" },
        ...given,
        "--build-arg",
        "SOURCE_DATE_EPOCH=1000000000",
      );
      expect(statSync(`${out.path}/files/f`).mtimeMs).toBe(1_000_000_000_000);
      const inspected = Bun.spawnSync(["skopeo", "inspect", "--raw", `oci-archive:${archive}`]);
      expect(inspected.stdout.toString()).toContain("tar+zstd");
      expect(readdirSync(out.path).sort()).toEqual(["a.tar", "files"]);
    });

    test("--call prints what a Dockerfile takes, and its targets, without a build", async () => {
      const dockerfile =
        "# A is an argument\nARG A=1\nFROM box:1 AS low\nRUN --mount=type=secret,id=s,required=true exit 1\nFROM low AS high\nARG A\n";
      using context = writeContext({ Dockerfile: dockerfile });
      const outline = await tbox("build", "--call", "outline", context.path);
      expect(outline).toMatch(/^TARGET: high\n/);
      expect(outline).toMatch(/^A +1 +is an argument$/m);
      expect(outline).toMatch(/^s +true$/m);
      const json = JSON.parse(await tbox("build", "--call", "targets,format=json", context.path));
      expect(json.targets).toMatchObject([{ name: "low" }, { name: "high", default: true, base: "low" }]);
    });

    test("an output that cannot be written fails the command and leaves no part of a file", async () => {
      using out = temporaryDirectory("output");
      const failed = await build(daemon, "FROM box:1\n", {}, "-o", `type=oci,dest=${out.path}/none/a.tar`);
      expect(failed.code).toBe(1);
      expect(failed.stderr).toContain(`${out.path}/none/a.tar`);
      expect(readdirSync(out.path)).toEqual([]);
    });
  },
);
