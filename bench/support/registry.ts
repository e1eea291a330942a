import { mkdirSync, writeFileSync } from "node:fs";

/** An empty Debian docker-registry on a free loopback port. */
export interface Registry {
  host: string;
  stop(): void;
}

/** Creates `directory`. */
export async function startRegistry(directory: string): Promise<Registry> {
  mkdirSync(directory);
  const configuration = {
    version: "0.1",
    log: { level: "info", formatter: "text" },
    storage: { filesystem: { rootdirectory: directory } },
    http: { addr: "127.0.0.1:0" },
  };
  writeFileSync(`${directory}/config.yml`, JSON.stringify(configuration));
  const child = Bun.spawn(["docker-registry", "serve", `${directory}/config.yml`], {
    stdio: ["ignore", "ignore", Bun.file(`${directory}/log`)],
  });
  for (;;) {
    const host = /listening on ([\d.]+:\d+)/.exec(await Bun.file(`${directory}/log`).text())?.[1];
    if (host !== undefined) return { host, stop: () => child.kill("SIGKILL") };
    if (child.exitCode !== null) throw new Error(`docker-registry ended with ${child.exitCode}`);
    await Bun.sleep(20);
  }
}

/** A compressed layer in a file, and its diffID. */
export interface LayerFile {
  path: string;
  diffId: string;
}

/** Pushes an image of these layers to the registry as `name:1`. */
export async function upload({ host }: Registry, name: string, layers: LayerFile[]): Promise<void> {
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      config: { Env: ["PATH=/usr/bin:/bin"] },
      rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    }),
  );
  const base = `http://${host}/v2/${name}`;
  const type = "application/vnd.oci.image";
  const parts = [];
  for (const body of [config, ...layers.map(({ path }) => Bun.file(path))]) {
    const digest = `sha256:${await sha256(body)}`;
    const opened = await send(`${base}/blobs/uploads/`, { method: "POST" });
    const location = new URL(opened.headers.get("Location") ?? "", base);
    location.searchParams.set("digest", digest);
    await send(location.href, { method: "PUT", body });
    parts.push({ digest, size: "size" in body ? body.size : body.length });
  }
  const [first, ...others] = parts;
  await send(`${base}/manifests/1`, {
    method: "PUT",
    headers: { "Content-Type": `${type}.manifest.v1+json` },
    body: JSON.stringify({
      schemaVersion: 2,
      mediaType: `${type}.manifest.v1+json`,
      config: { mediaType: `${type}.config.v1+json`, ...first },
      layers: others.map((one) => ({ mediaType: `${type}.layer.v1.tar+gzip`, ...one })),
    }),
  });
}

async function sha256(body: Buffer | Bun.BunFile): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  if ("stream" in body) for await (const chunk of body.stream()) hasher.update(chunk);
  else hasher.update(body);
  return hasher.digest("hex");
}

async function send(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${init.method} ${url}: ${response.status} ${await response.text()}`);
  return response;
}
