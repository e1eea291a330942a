import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { registryUnavailable, startRegistry, type TestRegistry } from "#test/support/registry.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { writeContext } from "../support/build.ts";
import { buildxUnavailable, openBuildx } from "../support/buildx.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

const partSchema = z.looseObject({
  digest: z.string(),
  mediaType: z.string(),
  annotations: z.record(z.string(), z.string()).default({}),
});
const documentSchema = z.looseObject({
  config: partSchema.optional(),
  layers: z.array(partSchema).default([]),
  manifests: z.array(partSchema).default([]),
});
const statementSchema = z.looseObject({
  subject: z.array(z.object({ digest: z.object({ sha256: z.string() }) })),
});

const obstacle = buildxUnavailable ?? registryUnavailable ?? shellUnavailable;
daemonSuite("outputs of docker build with buildx", { obstacle, prepare: loadBox }, (daemon) => {
  const { docker, built, build } = openBuildx(daemon);
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(() => registry?.[Symbol.asyncDispose]());
  const dockerfile = "FROM box:1\nRUN echo made >/made\nCMD cat /made\n";
  const manifestOf = async (name: string) => {
    const types = ["oci.image.index.v1", "oci.image.manifest.v1", "docker.distribution.manifest.v2"];
    const accept = types.map((type) => `application/vnd.${type}+json`).join(", ");
    const response = await fetch(`http://${registry.host}/v2/${name}`, { headers: { accept } });
    const digest = response.headers.get("docker-content-digest") ?? "";
    return { digest, document: documentSchema.parse(await response.json()) };
  };
  const blobOf = async (repository: string, digest = "") => {
    const response = await fetch(`http://${registry.host}/v2/${repository}/blobs/${digest}`);
    return statementSchema.parse(await response.json());
  };

  test("an OCI archive and a docker archive are written, and can be loaded", async () => {
    using out = temporaryDirectory("out");
    const [oci, classic] = [`${out.path}/oci.tar`, `${out.path}/docker.tar`];
    const outputs = ["-o", `type=oci,dest=${oci}`, "-o", `type=docker,dest=${classic}`];
    const metadata = `${out.path}/metadata.json`;
    await built(dockerfile, {}, "-t", "archived:1", ...outputs, "--metadata-file", metadata);
    expect((await docker(["images", "-q", "archived"])).stdout).toBe("");
    const names = (path: string) => Bun.spawnSync(["tar", "-tf", path]).stdout.toString().split("\n");
    expect(names(oci)).toEqual(expect.arrayContaining(["index.json", "oci-layout"]));
    expect(names(oci)).not.toContain("manifest.json");
    expect(names(classic)).toEqual(expect.arrayContaining(["index.json", "oci-layout", "manifest.json"]));
    expect(await Bun.file(metadata).json()).toMatchObject({
      "containerimage.descriptor": { mediaType: "application/vnd.oci.image.manifest.v1+json" },
      "image.name": "docker.io/library/archived:1",
    });
    for (const path of [oci, classic]) {
      expect((await docker(["load", "-i", path])).stdout).toContain("Loaded image: archived:1");
      expect((await docker(["run", "--rm", "--network", "none", "archived:1"])).stdout).toBe("made\n");
      await docker(["rmi", "archived:1"]);
    }
  });

  test("an OCI layout is written into a directory", async () => {
    using out = temporaryDirectory("out");
    mkdirSync(`${out.path}/layout`);
    await built(dockerfile, {}, "-o", `type=oci,dest=${out.path}/layout,tar=false,name=example.org/a:1`);
    const { manifests } = await Bun.file(`${out.path}/layout/index.json`).json();
    const [{ digest, annotations }] = manifests;
    expect(annotations).toMatchObject({ "io.containerd.image.name": "example.org/a:1" });
    expect(readdirSync(`${out.path}/layout/blobs/sha256`)).toContain(digest.slice("sha256:".length));
  });

  test("several names are pushed with one digest, which the metadata file has", async () => {
    using out = temporaryDirectory("out");
    const names = [`${registry.host}/pushed:1`, `${registry.host}/pushed:2`];
    const tags = names.flatMap((name) => ["-t", name]);
    const files = ["--metadata-file", `${out.path}/metadata.json`, "--iidfile", `${out.path}/id`];
    await built(dockerfile, {}, ...tags, "--push", "--provenance=false", ...files);
    const pushed = await manifestOf("pushed/manifests/1");
    expect((await manifestOf("pushed/manifests/2")).digest).toBe(pushed.digest);
    expect(await Bun.file(`${out.path}/metadata.json`).json()).toMatchObject({
      "containerimage.digest": pushed.digest,
      "image.name": names.join(","),
    });
    expect(readFileSync(`${out.path}/id`, "utf8")).toBe(pushed.document.config?.digest ?? "");
    await docker(["rmi", ...names]);
    const run = await docker(["run", "--rm", "--network", "none", names[0] ?? ""]);
    expect(run.stdout).toBe("made\n");
  });

  test("layers are compressed as the output says", async () => {
    const repository = `${registry.host}/compressed`;
    const mediaTypes = async (...attributes: string[]) => {
      const output = ["type=image", "push=true", `name=${repository}:1`, ...attributes].join(",");
      await built("FROM box:1\nRUN echo small >/small\n", {}, "--provenance=false", "-o", output);
      const { document } = await manifestOf("compressed/manifests/1");
      return document.layers.map(({ mediaType }) => mediaType.split(".tar")[1]);
    };
    expect((await mediaTypes("compression=zstd")).at(-1)).toBe("+zstd");
    expect(await mediaTypes("compression=gzip", "force-compression=true")).toEqual(["+gzip", "+gzip"]);
    expect((await mediaTypes("compression=uncompressed")).at(-1)).toBe("");
    expect((await mediaTypes("compression=gzip", "oci-mediatypes=false")).at(-1)).toBe(".gzip");
    const failed = await build(dockerfile, {}, "-o", "type=image,compression=estargz");
    expect(failed.stderr).toContain("compression estargz is not supported: use gzip, zstd or uncompressed");
  });

  test("a push has a provenance by default, and imagetools reads it", async () => {
    const name = `${registry.host}/provenance:1`;
    await built(`ARG A\n${dockerfile}`, {}, "-t", name, "--push", "--build-arg", "A=hidden");
    const { document } = await manifestOf("provenance/manifests/1");
    const [image, attestation] = document.manifests;
    expect(attestation).toMatchObject({
      platform: { os: "unknown", architecture: "unknown" },
      annotations: {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": image?.digest,
      },
    });
    const manifest = (await manifestOf(`provenance/manifests/${attestation?.digest}`)).document;
    const statement = await blobOf("provenance", manifest.layers[0]?.digest);
    expect(statement).toMatchObject({
      predicateType: "https://slsa.dev/provenance/v0.2",
      subject: [{ digest: { sha256: image?.digest.slice("sha256:".length) ?? "" } }],
      predicate: { materials: [{ uri: expect.stringContaining("pkg:docker/box@1?platform=") }] },
    });
    expect(JSON.stringify(statement)).not.toContain("hidden");
    const format = "{{json .Provenance.SLSA.buildType}}";
    const inspected = await docker(["buildx", "imagetools", "inspect", name, "--format", format]);
    expect(inspected).toMatchObject({ code: 0, stdout: '"https://mobyproject.org/buildkit@v1"' });
    // The store has the image alone: each build would give it another digest.
    const target = await docker(["image", "inspect", "-f", "{{.Descriptor.mediaType}}", name]);
    expect(target.stdout.trim()).not.toContain("index");
  });

  test("a provenance that the user asks for is also kept in the store and with exported files", async () => {
    using out = temporaryDirectory("out");
    const mounts = "--mount=type=secret,id=token --mount=type=secret,id=key --mount=type=ssh";
    const own = `FROM box:1\nRUN ${mounts} echo proven >/made\nCMD cat /made\n`;
    await built(own, {}, "-t", "proven:1", "--provenance=mode=max");
    expect((await docker(["run", "--rm", "--network", "none", "proven:1"])).stdout).toBe("proven\n");
    const name = `${registry.host}/proven:1`;
    await docker(["tag", "proven:1", name]);
    expect(await docker(["push", name])).toMatchObject({ code: 0, stderr: "" });
    const { document } = await manifestOf("proven/manifests/1");
    const [image, attestation] = document.manifests;
    expect(attestation?.annotations["vnd.docker.reference.digest"]).toBe(image?.digest);
    const pushed = (await manifestOf(`proven/manifests/${image?.digest}`)).document;
    expect(pushed.layers.at(-1)?.mediaType).toContain("gzip");
    const statements = (await manifestOf(`proven/manifests/${attestation?.digest}`)).document.layers;
    const { subject, predicate: max } = await blobOf("proven", statements[0]?.digest);
    expect(max).toMatchObject({
      invocation: {
        parameters: {
          secrets: [
            { id: "key", optional: true },
            { id: "token", optional: true },
          ],
          ssh: [{ id: "default", optional: true }],
        },
      },
    });
    expect(subject[0]?.digest.sha256).toBe(image?.digest.slice("sha256:".length) ?? "");
    const files = ["-o", out.path, "--provenance=mode=max,builder-id=https://example.org/me"];
    await built("FROM scratch\nCOPY f /f\n", { f: "file" }, ...files);
    expect(readdirSync(out.path).sort()).toEqual(["f", "provenance.json"]);
    const predicate = await Bun.file(`${out.path}/provenance.json`).json();
    expect(predicate.builder.id).toBe("https://example.org/me");
  });

  test("two builds with SOURCE_DATE_EPOCH and rewrite-timestamp are the same byte by byte", async () => {
    using out = temporaryDirectory("out");
    const own = "FROM box:1\nRUN mkdir /d && echo made >/d/made\nCOPY f /f\nWORKDIR /w\n";
    const results = [];
    for (const round of ["1", "2"]) {
      const file = `${out.path}/${round}.tar`;
      const name = `${registry.host}/same:${round}`;
      const output = ["-o", `type=oci,dest=${file},rewrite-timestamp=true`];
      const push = ["-o", `type=image,name=${name},push=true,rewrite-timestamp=true,store=false`];
      const epoch = { SOURCE_DATE_EPOCH: "1700000000" };
      using context = writeContext({ Dockerfile: own, f: "file" });
      const given = ["--no-cache", "--provenance=false", ...output, ...push, context.path];
      expect(await docker(["build", ...given], { environment: epoch })).toMatchObject({ code: 0 });
      const archive = new Bun.CryptoHasher("sha256").update(readFileSync(file)).digest("hex");
      results.push({ archive, pushed: (await manifestOf(`same/manifests/${round}`)).digest });
      expect((await docker(["images", "-q", name])).stdout).toBe("");
    }
    expect(results[1]).toEqual(results[0]);
  });

  test("files of an output have the time of SOURCE_DATE_EPOCH", async () => {
    using out = temporaryDirectory("out");
    const own = "FROM scratch\nCOPY f /d/f\n";
    await built(own, { f: "file" }, "-o", out.path, "--build-arg", "SOURCE_DATE_EPOCH=1700000000");
    for (const name of ["d", "d/f"]) expect(statSync(`${out.path}/${name}`).mtimeMs).toBe(1_700_000_000_000);
  });

  test("output attributes without an effect are reported, and refused ones are named", async () => {
    const noted = await built(dockerfile, {}, "-o", "type=image,colour=blue,rewrite-timestamp=true");
    expect(noted).toContain("unknown output attribute colour is ignored");
    expect(noted).toContain("rewrite-timestamp has no effect without SOURCE_DATE_EPOCH");
    const refused = await build(dockerfile, {}, "-o", "type=image,prefer-nondist-layers=true");
    expect(refused.stderr).toContain("output: prefer-nondist-layers=true is not supported");
  });

  test("a name with a digest is kept if the output asks for it", async () => {
    await built(dockerfile, {}, "-o", "type=image,name=canonical:1,name-canonical=true");
    const { stdout } = await docker(["image", "inspect", "-f", "{{json .RepoDigests}}", "canonical:1"]);
    expect(stdout).toMatch(/canonical@sha256:[0-9a-f]{64}/);
  });

  test("an SBOM is refused by name", async () => {
    const { code, stderr } = await build(dockerfile, {}, "--sbom=true");
    expect(code).toBe(1);
    expect(stderr).toContain("attest:sbom: the generator of an SBOM is not supported");
  });
});
