import type { LayerFile } from "./registry.ts";

/** A minimal Debian in one layer. */
export function debianLayers(place: string): LayerFile[] {
  const archive = process.env.TBOX_BENCH_DEBIAN ?? `${place}/debian.tar`;
  if (process.env.TBOX_BENCH_DEBIAN === undefined) shell('rootfs-fixtures/debian "$0"', archive);
  return [layerOf(`cat '${archive}'`, `${place}/debian.gz`)];
}

/** About 1.1 GB of this machine's /usr in twelve layers of similar size. */
export function twelveLayers(place: string): LayerFile[] {
  const list = shell("du -skx /usr/bin /usr/lib/* /usr/share/* /usr/include/* 2>/dev/null || true");
  const bins = Array.from({ length: 12 }, () => ({ size: 0, paths: [] as string[] }));
  const most = 92_000;
  const entries = list
    .split("\n")
    .map((line) => line.split("\t"))
    .map(([size, path = ""]) => ({ size: Number(size), path }))
    .filter(({ size, path }) => size > 0 && size <= most && !/['\s]/.test(path))
    .sort((a, b) => b.size - a.size || a.path.localeCompare(b.path));
  for (const { size, path } of entries) {
    const [bin] = bins.filter((one) => one.size + size <= most).sort((a, b) => a.size - b.size);
    if (!bin) continue;
    bin.size += size;
    bin.paths.push(`'${path.slice(1)}'`);
  }
  return bins.map(({ paths }, index) => {
    const tar = `tar -C / --owner=0 --group=0 --numeric-owner --ignore-failed-read -c ${paths.join(" ")} 2>/dev/null`;
    return layerOf(tar, `${place}/twelve-${index}.gz`);
  });
}

/** 1 GiB of incompressible data in one layer. */
export function giantLayer(place: string): LayerFile[] {
  shell('head -c 1073741824 /dev/urandom > "$0/giant"', place);
  const layer = layerOf(`tar -C '${place}' -c giant`, `${place}/giant.gz`, 1);
  shell('rm "$0/giant"', place);
  return [layer];
}

function layerOf(tar: string, path: string, level = 6): LayerFile {
  const digest = shell(`${tar} | tee >(gzip -${level} > "$0") | sha256sum`, path);
  return { path, diffId: `sha256:${digest.slice(0, 64)}` };
}

function shell(script: string, argument = "bench"): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(["bash", "-o", "pipefail", "-c", script, argument]);
  if (exitCode !== 0) throw new Error(`${script}: ${stderr}`);
  return stdout.toString();
}
