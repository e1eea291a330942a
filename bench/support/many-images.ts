import { mkdirSync, writeFileSync } from "node:fs";

/**
 * Writes an OCI archive of `count` images, and returns its path. The images share one layer, and each has a second one of
 * its own.
 */
export function manyImages(place: string, count: number): string {
  const directory = `${place}/many`;
  const blobs = `${directory}/blobs/sha256`;
  mkdirSync(blobs, { recursive: true });
  const write = (bytes: Uint8Array) => {
    const hex = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
    writeFileSync(`${blobs}/${hex}`, bytes);
    return { digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (value: unknown) => write(Buffer.from(JSON.stringify(value)));
  const shared = write(Bun.spawnSync(["tar", "-C", "/", "-c", "etc/hostname"]).stdout);
  const type = "application/vnd.oci.image";
  const manifests = Array.from({ length: count }, (_, number) => {
    const layers = [shared, write(oneFileLayer(`${number}`))];
    const config = json({
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      config: { Labels: { number: String(number) } },
      rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
    });
    const manifest = json({
      schemaVersion: 2,
      config: { mediaType: `${type}.config.v1+json`, ...config },
      layers: layers.map((layer) => ({ mediaType: `${type}.layer.v1.tar`, ...layer })),
    });
    const annotations = { "org.opencontainers.image.ref.name": `many:${number}` };
    return { mediaType: `${type}.manifest.v1+json`, ...manifest, annotations };
  });
  writeFileSync(`${directory}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(`${directory}/index.json`, JSON.stringify({ schemaVersion: 2, manifests }));
  const packed = Bun.spawnSync(["tar", "-C", directory, "-cf", `${directory}.tar`, "."]);
  if (packed.exitCode !== 0) throw new Error(`tar: ${packed.stderr}`);
  return `${directory}.tar`;
}

/** Returns an uncompressed layer with one small file. */
function oneFileLayer(content: string): Uint8Array {
  const archive = Buffer.alloc(2048);
  archive.write("file");
  archive.write("0000644\0" + "0000000\0" + "0000000\0", 100);
  archive.write(`${content.length.toString(8).padStart(11, "0")}\0${"0".repeat(11)}\0        0`, 124);
  archive.write("ustar\x0000", 257);
  const sum = archive.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  archive.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  archive.write(content, 512);
  return archive;
}
