import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { type TarEntry, tar } from "./tar.ts";

/** Source of an image: its layers, base first, and the `config` part of its configuration. */
export interface ImageSource {
  layers: TarEntry[][];
  config?: Record<string, unknown>;
  architecture?: string;
  compression?: "none" | "gzip" | "zstd";
}

export interface Blob {
  mediaType: string;
  digest: string;
  bytes: Uint8Array;
}

export interface TestImage {
  manifest: Blob;
  config: Blob;
  layers: (Blob & { diffId: string })[];
}

const mediaTypes = { none: "", gzip: "+gzip", zstd: "+zstd" };

export function buildImage(source: ImageSource): TestImage {
  const compression = source.compression ?? "gzip";
  const layers = source.layers.map((entries) => {
    const raw = tar(entries);
    const mediaType = `application/vnd.oci.image.layer.v1.tar${mediaTypes[compression]}`;
    return { ...blob(mediaType, compress(raw, compression)), diffId: digestOf(raw) };
  });
  const config = json("application/vnd.oci.image.config.v1+json", {
    created: "2026-01-01T00:00:00Z",
    architecture: source.architecture ?? architecture,
    os: "linux",
    config: source.config ?? {},
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
    history: layers.map(() => ({ created: "2026-01-01T00:00:00Z", created_by: "test" })),
  });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = json(mediaType, {
    schemaVersion: 2,
    mediaType,
    config: descriptor(config),
    layers: layers.map(descriptor),
  });
  return { manifest, config, layers };
}

/** Returns an index of images for different architectures. */
export function imageIndex(images: TestImage[]): Blob {
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const manifests = images.map(({ manifest, config }) => ({
    ...descriptor(manifest),
    platform: { os: "linux", architecture: JSON.parse(Buffer.from(config.bytes).toString()).architecture },
  }));
  return json(mediaType, { schemaVersion: 2, mediaType, manifests });
}

/** Returns an OCI layout in a tar archive, like `skopeo copy oci-archive:`. */
export function ociArchive(image: TestImage, name: string): Uint8Array {
  return ociLayout(image.manifest, name, [image]);
}

/** Returns an OCI layout in a tar archive with a manifest or an index, and the blobs of these images. */
export function ociLayout(top: Blob, name: string, images: TestImage[]): Uint8Array {
  const every = [top, ...images.flatMap(({ manifest, config, layers }) => [manifest, config, ...layers])];
  const blobs = new Map(every.map(({ digest, bytes }) => [digest, bytes]));
  const reference = { ...descriptor(top), annotations: { "org.opencontainers.image.ref.name": name } };
  return tar([
    { path: "oci-layout", content: JSON.stringify({ imageLayoutVersion: "1.0.0" }) },
    { path: "index.json", content: JSON.stringify({ schemaVersion: 2, manifests: [reference] }) },
    ...[...blobs].map(([digest, bytes]) => ({ path: `blobs/${digest.replace(":", "/")}`, content: bytes })),
  ]);
}

/** Returns an archive in the old format of `docker save`: manifest.json, configuration, uncompressed layers. */
export function dockerArchive(source: ImageSource, ...tags: string[]): Uint8Array {
  const image = buildImage({ ...source, compression: "none" });
  const config = `${image.config.digest.slice("sha256:".length)}.json`;
  const layers = image.layers.map((layer, index) => ({ path: `${index}/layer.tar`, content: layer.bytes }));
  const manifest = [{ Config: config, RepoTags: tags, Layers: layers.map((layer) => layer.path) }];
  return tar([
    { path: config, content: image.config.bytes },
    ...layers,
    { path: "manifest.json", content: JSON.stringify(manifest) },
  ]);
}

/** Pushes the image to a registry as `repository:tag`; `authorization` is the value of the header. */
export async function pushImage(
  registry: string,
  repository: string,
  tag: string,
  image: TestImage,
  authorization?: string,
): Promise<void> {
  const base = `http://${registry}/v2/${repository}`;
  const headers = authorization === undefined ? {} : { Authorization: authorization };
  const send = async (url: string, init: RequestInit) => {
    const response = await fetch(url, { ...init, headers: { ...headers, ...init.headers } });
    if (!response.ok) throw new Error(`${init.method} ${url}: ${response.status} ${await response.text()}`);
    return response;
  };
  for (const { digest, bytes } of [image.config, ...image.layers]) {
    const opened = await send(`${base}/blobs/uploads/`, { method: "POST" });
    const location = new URL(opened.headers.get("Location") ?? "", base);
    location.searchParams.set("digest", digest);
    await send(location.href, { method: "PUT", body: bytes });
  }
  const { mediaType, bytes } = image.manifest;
  await send(`${base}/manifests/${tag}`, {
    method: "PUT",
    body: bytes,
    headers: { "Content-Type": mediaType },
  });
}

export const busyboxUnavailable: string | undefined = existsSync("/bin/busybox")
  ? undefined
  : "busybox-static is not installed";

/** Returns a base layer with busybox, enough for shell scripts. */
export function busyboxLayer(): TarEntry[] {
  const applets = Bun.spawnSync(["/bin/busybox", "--list"]).stdout.toString().trim().split("\n");
  const directories = ["bin", "etc", "home", "root", "tmp", "usr", "var"];
  return [
    ...directories.map(
      (path): TarEntry => ({ path, type: "directory", mode: path === "tmp" ? 0o1777 : 0o755 }),
    ),
    { path: "bin/busybox", content: readFileSync("/bin/busybox"), mode: 0o755 },
    ...applets
      .filter((name) => name !== "busybox")
      .map((name): TarEntry => ({ path: `bin/${name}`, type: "symlink", target: "busybox" })),
    { path: "etc/passwd", content: "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home:/bin/sh\n" },
    { path: "etc/group", content: "root:x:0:\nuser:x:1000:\n" },
  ];
}

/** Returns a dynamic program of the host and its libraries, where the loader looks for them. */
export function programWithLibraries(program: string): TarEntry[] {
  if (!existsSync(program)) return [];
  const { stdout } = Bun.spawnSync(["ldd", program]);
  const libraries = [...stdout.toString().matchAll(/(\/\S+) \(0x/g)].map(([, library]) => library ?? "");
  return [program, ...libraries].map(
    (file): TarEntry => ({
      path: file.slice(1),
      content: readFileSync(file),
      mode: 0o755,
    }),
  );
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;
}

/** This machine's architecture in the terms of OCI. */
const architecture = process.arch === "x64" ? "amd64" : process.arch;

function compress(bytes: Uint8Array, compression: keyof typeof mediaTypes): Uint8Array {
  if (compression === "gzip") return gzipSync(bytes);
  return compression === "zstd" ? Bun.zstdCompressSync(bytes) : bytes;
}

function blob(mediaType: string, bytes: Uint8Array): Blob {
  return { mediaType, digest: digestOf(bytes), bytes };
}

function json(mediaType: string, value: unknown): Blob {
  return blob(mediaType, Buffer.from(JSON.stringify(value)));
}

function descriptor({ mediaType, digest, bytes }: Blob) {
  return { mediaType, digest, size: bytes.length };
}
