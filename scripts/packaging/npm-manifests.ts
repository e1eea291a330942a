import { readdirSync, writeFileSync } from "node:fs";
import manifest from "../../package.json" with { type: "json" };

/** Properties of both packages. */
const common = {
  version: manifest.version,
  license: manifest.license,
  os: ["linux"],
  preferUnplugged: true,
};

function writeManifests([main, platform, arch]: string[]): void {
  if (main === undefined || platform === undefined || arch === undefined) {
    throw new Error("usage: npm-manifests MAIN PLATFORM ARCH");
  }
  const packages = ["x64", "arm64"].map((name) => [`@tbox/linux-${name}`, manifest.version]);
  write(main, {
    name: "tbox",
    description: manifest.description,
    ...common,
    bin: { tbox: "bin/tbox" },
    man: readdirSync(`${main}/man`)
      .toSorted()
      .map((name) => `man/${name}`),
    optionalDependencies: Object.fromEntries(packages),
  });
  write(platform, {
    name: `@tbox/linux-${arch}`,
    description: `tbox for linux-${arch}`,
    ...common,
    cpu: [arch],
    libc: ["glibc"],
  });
}

function write(directory: string, value: object): void {
  writeFileSync(`${directory}/package.json`, `${JSON.stringify(value, undefined, 2)}\n`);
}

writeManifests(process.argv.slice(2));
