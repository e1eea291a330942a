import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, realpathSync, writeFileSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { commit, version } from "#support/version.ts";
import { foreignSystem, ownSystem, type System } from "./system-files.ts";

/** The user in the image, and the ids that its containers get. */
const user = { uid: 1000, name: "tbox", firstId: 1001, ids: 64_535 };

/** Directories of the image with their owner and mode; the store is a volume. */
const store = `/home/${user.name}/.local/share/tbox`;

type Entry = Partial<Parameters<ReturnType<typeof pack>["entry"]>[0]> & { name: string; body?: Buffer };

/** Lists the files of the image: tbox, the libraries of the system that it needs, an ordinary user. */
function* imageEntries(usr: string, system: System): Generator<Entry> {
  for (const name of ["bin", "etc", "home", "lib", "lib64", "proc", "root", "run", "sys", "usr", "var"]) {
    yield directory(name, 0, 0o755);
  }
  yield directory("tmp", 0, 0o1777);
  const home = store.slice(1).split("/");
  for (let depth = 2; depth <= home.length; depth++) {
    yield directory(home.slice(0, depth).join("/"), user.uid, depth === home.length ? 0o700 : 0o755);
  }
  yield text(
    "etc/passwd",
    `root:x:0:0:root:/root:/bin/sh\n${user.name}:x:1000:1000::/home/${user.name}:/bin/sh\n`,
  );
  yield text("etc/group", `root:x:0:\n${user.name}:x:1000:\n`);
  for (const name of ["subuid", "subgid"])
    yield text(`etc/${name}`, `${user.name}:${user.firstId}:${user.ids}\n`);
  yield file("bin/busybox", realpathSync(system.find("busybox")), 0o755);
  for (const name of busyboxPrograms) yield { name: `bin/${name}`, type: "symlink", linkname: "busybox" };
  yield* tree(usr, "usr");
  // These two are set-user-ID programs in every distribution: they write the maps of ids.
  for (const name of ["newuidmap", "newgidmap"]) yield file(`usr/bin/${name}`, system.find(name), 0o4755);
  const programs = [`${usr}/lib/tbox/tbox-main`, `${usr}/lib/tbox/tbox.node`, system.find("newuidmap")];
  for (const [path, source] of system.librariesOf(programs)) yield file(path.slice(1), source, 0o755);
}

const busyboxPrograms = ["cat", "id", "ls", "ps", "sh", "sleep", "true"];

function* tree(from: string, to: string): Generator<Entry> {
  const entries = readdirSync(from, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = `${from}/${entry.name}`;
    const name = `${to}/${entry.name}`;
    if (entry.isDirectory()) {
      yield directory(name, 0, 0o755);
      yield* tree(path, name);
    } else if (entry.isSymbolicLink()) {
      yield { name, type: "symlink", linkname: readlinkSync(path) };
    } else {
      yield file(name, path, name.includes("/lib/tbox/") ? 0o755 : 0o644);
    }
  }
}

function directory(name: string, owner: number, mode: number): Entry {
  return { name: `${name}/`, type: "directory", uid: owner, gid: owner, mode };
}

function text(name: string, content: string): Entry {
  return { name, mode: 0o644, body: Buffer.from(content) };
}

function file(name: string, path: string, mode: number): Entry {
  return { name, mode, body: readFileSync(path) };
}

async function layerOf(entries: Iterable<Entry>, time: Date): Promise<Buffer> {
  const archive = pack();
  const bytes = buffer(archive);
  for (const { body, ...headers } of entries) {
    const whole = { uid: 0, gid: 0, mode: 0o777, ...headers, mtime: time };
    if (body === undefined) archive.entry(whole);
    else archive.entry({ ...whole, size: body.length }, body);
  }
  archive.finalize();
  return bytes;
}

function compress(bytes: Buffer): Buffer {
  return Buffer.from(
    Bun.spawnSync(["gzip", `-n${process.env.TBOX_LEVEL ?? 9}`], { stdin: bytes, stdout: "pipe" }).stdout,
  );
}

/** Writes an OCI image layout with the one image. */
async function writeLayout(usr: string, target: string, system: System): Promise<void> {
  mkdirSync(`${target}/blobs/sha256`, { recursive: true });
  const time = new Date(Number(process.env.SOURCE_DATE_EPOCH) * 1000);
  const put = (mediaType: string, bytes: Buffer) => {
    const hex = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(`${target}/blobs/sha256/${hex}`, bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (value: object) => Buffer.from(JSON.stringify(value));
  const plain = await layerOf(imageEntries(usr, system), time);
  const layer = put("application/vnd.oci.image.layer.v1.tar+gzip", compress(plain));
  const diffId = `sha256:${createHash("sha256").update(plain).digest("hex")}`;
  const config = put(
    "application/vnd.oci.image.config.v1+json",
    json(imageConfig(diffId, time.toISOString(), system.architecture)),
  );
  const annotations = {
    "org.opencontainers.image.ref.name": version,
    "io.containerd.image.name": `docker.io/tbox/tbox:${version}`,
  };
  const manifestType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = put(
    manifestType,
    json({ schemaVersion: 2, mediaType: manifestType, config, layers: [layer] }),
  );
  const index = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [{ ...manifest, annotations }],
  };
  writeFileSync(`${target}/index.json`, json(index));
  writeFileSync(`${target}/oci-layout`, json({ imageLayoutVersion: "1.0.0" }));
}

function imageConfig(diffId: string, created: string, architecture: string): object {
  return {
    created,
    architecture,
    os: "linux",
    config: {
      User: user.name,
      Env: ["PATH=/usr/bin:/bin", `HOME=/home/${user.name}`],
      Entrypoint: ["/usr/bin/tbox"],
      Cmd: ["--help"],
      WorkingDir: `/home/${user.name}`,
      Volumes: { [store]: {} },
      Labels: {
        "org.opencontainers.image.title": "tbox",
        "org.opencontainers.image.version": version,
        ...(commit === "" ? {} : { "org.opencontainers.image.revision": commit }),
        "org.opencontainers.image.licenses": "Apache-2.0",
      },
    },
    rootfs: { type: "layers", diff_ids: [diffId] },
    history: [{ created, created_by: "tbox scripts/package" }],
  };
}

const [usr, target, root, arch] = process.argv.slice(2);
if (usr === undefined || target === undefined || root === undefined || (arch !== "x64" && arch !== "arm64")) {
  throw new Error("usage: image-archive USR TARGET ROOT x64|arm64");
}
await writeLayout(usr, target, root === "/" ? ownSystem(arch) : foreignSystem(root, arch));
