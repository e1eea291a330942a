import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";

/** A library in the programs of a release. */
export interface Component {
  ecosystem: "npm" | "cargo";
  name: string;
  version: string;
  /** SPDX expression. */
  licence: string;
  /** Digest of the archive in the registry: algorithm in CycloneDX's spelling, and hexadecimal value. */
  digest?: { algorithm: "SHA-256" | "SHA-512"; value: string };
  /** Directory with the sources. */
  directory: string;
}

/** Crates that are compiled into the programs. */
const shippedCrates = ["addon", "hello", "helper", "launcher"];

/** Lists the libraries in the programs for a target, sorted by ecosystem and name. */
export function listComponents(target: string): Component[] {
  return [...crates(target), ...npmPackages()].toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

function key({ ecosystem, name, version }: Component): string {
  return `${ecosystem} ${name} ${version}`;
}

interface LockedPackage {
  version: string;
  license?: string;
  integrity?: string;
}

/** Returns Bun and the packages that the bundler puts into the program. */
export function npmPackages(): Component[] {
  const lock: { packages: Record<string, LockedPackage> } = parse(readFileSync("package-lock.json", "utf8"));
  const folders = new Set([
    ...bundledFiles().flatMap((path) => packageFolder(path) ?? []),
    "node_modules/bun",
  ]);
  return [...folders].map((directory) => {
    const entry = lock.packages[directory];
    if (entry === undefined) throw new Error(`${directory} is not in package-lock.json`);
    return {
      ecosystem: "npm",
      name: directory.slice(directory.lastIndexOf("node_modules/") + "node_modules/".length),
      version: entry.version,
      licence: entry.license ?? "NOASSERTION",
      ...(entry.integrity === undefined ? {} : { digest: integrityDigest(entry.integrity) }),
      directory,
    };
  });
}

function integrityDigest(integrity: string): NonNullable<Component["digest"]> {
  const value = Buffer.from(integrity.replace("sha512-", ""), "base64").toString("hex");
  return { algorithm: "SHA-512", value };
}

/** Bundles the program and returns the paths of all files in it. */
function bundledFiles(): string[] {
  const place = mkdtempSync(`${tmpdir()}/tbox-components-`);
  try {
    const options = ["--target=bun", "--splitting", `--outdir=${place}`, `--metafile=${place}/meta.json`];
    output([process.execPath, "build", "src/main.ts", ...options]);
    const { inputs }: { inputs: Record<string, unknown> } = parse(readFileSync(`${place}/meta.json`, "utf8"));
    return Object.keys(inputs);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** Returns the folder of the package that a file belongs to: `node_modules/a/node_modules/@b/c`. */
function packageFolder(path: string): string | undefined {
  return /^(?:.*\/)?(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
}

interface CargoMetadata {
  packages: {
    id: string;
    name: string;
    version: string;
    license: string | null;
    manifest_path: string;
    source: string | null;
  }[];
  resolve: { nodes: { id: string; deps: { pkg: string; dep_kinds: { kind: string | null }[] }[] }[] };
}

/** Returns the crates that the shipped ones need at run time, and procedural macros. */
function crates(target: string): Component[] {
  const metadata: CargoMetadata = parse(
    output([
      "cargo",
      ...["metadata", "--format-version=1", "--offline", "--locked", "--manifest-path=native/Cargo.toml"],
      `--filter-platform=${target}`,
    ]),
  );
  const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));
  const own = metadata.packages.filter(({ name, source }) => source === null && shippedCrates.includes(name));
  const needed = new Set(own.map(({ id }) => id));
  for (const id of needed) {
    for (const { pkg, dep_kinds } of nodes.get(id)?.deps ?? []) {
      if (dep_kinds.some(({ kind }) => kind === null)) needed.add(pkg);
    }
  }
  const checksums = lockedChecksums();
  return metadata.packages
    .filter(({ id, source }) => source !== null && needed.has(id))
    .map(({ name, version, license, manifest_path }) => {
      const value = checksums.get(`${name} ${version}`);
      return {
        ecosystem: "cargo",
        name,
        version,
        licence: (license ?? "NOASSERTION").replaceAll("/", " OR "),
        ...(value === undefined ? {} : { digest: { algorithm: "SHA-256", value } }),
        directory: manifest_path.slice(0, manifest_path.lastIndexOf("/")),
      };
    });
}

function lockedChecksums(): Map<string, string> {
  const lock: unknown = Bun.TOML.parse(readFileSync("native/Cargo.lock", "utf8"));
  const packages: { name: string; version: string; checksum?: string }[] =
    typeof lock === "object" && lock !== null && "package" in lock && Array.isArray(lock.package)
      ? lock.package
      : [];
  return new Map(packages.map(({ name, version, checksum = "" }) => [`${name} ${version}`, checksum]));
}

function output(command: string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { stdout: "pipe", stderr: "pipe" });
  if (exitCode !== 0) throw new Error(`${command.slice(0, 3).join(" ")}: ${stderr}`);
  return stdout.toString();
}

/** Parses a document that cargo, npm or the bundler wrote, whose form they guarantee. */
function parse<T>(text: string): T {
  return JSON.parse(text);
}
