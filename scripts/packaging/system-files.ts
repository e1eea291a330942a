import { existsSync, realpathSync } from "node:fs";

/** The system that the image takes programs and libraries from. */
export interface System {
  /** OCI's name of the architecture. */
  architecture: "amd64" | "arm64";
  /** Returns the path of a program. */
  find(program: string): string;
  /** Returns the shared libraries of programs, and their loader: paths in the image with their sources, sorted. */
  librariesOf(programs: readonly string[]): [path: string, source: string][];
}

type Architecture = "x64" | "arm64";

const architectures = { x64: "amd64", arm64: "arm64" } as const;

/** Returns this machine as a system. */
export function ownSystem(arch: Architecture): System {
  return {
    architecture: architectures[arch],
    find(program) {
      const path = Bun.which(program);
      if (path === null) throw new Error(`${program} is not installed`);
      return path;
    },
    librariesOf(programs) {
      const paths = programs.flatMap((program) =>
        [...output("ldd", program).matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path),
      );
      return [...new Set(paths)].toSorted().map((path) => [path, realpathSync(path)]);
    },
  };
}

/** Returns a Debian system of another architecture, which is unpacked below a directory, as a system. */
export function foreignSystem(root: string, arch: Architecture): System {
  const folder = `${{ x64: "x86_64", arm64: "aarch64" }[arch]}-linux-gnu`;
  const directories = [`/lib/${folder}`, `/usr/lib/${folder}`];
  const library = (name: string): string => {
    const directory = directories.find((one) => existsSync(`${root}${one}/${name}`));
    if (directory === undefined) throw new Error(`${root} has no library ${name}`);
    return `${directory}/${name}`;
  };
  return {
    architecture: architectures[arch],
    find(program) {
      const path = [`${root}/usr/bin/${program}`, `${root}/bin/${program}`].find((one) => existsSync(one));
      if (path === undefined) throw new Error(`${root} has no program ${program}`);
      return path;
    },
    librariesOf(programs) {
      const found = new Map<string, string>();
      const pending = [...programs];
      for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
        for (const path of [...loaderOf(file), ...neededBy(file).map(library)]) {
          if (found.has(path)) continue;
          const source = realpathSync(`${root}${path}`);
          found.set(path, source);
          pending.push(source);
        }
      }
      return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1));
    },
  };
}

function neededBy(file: string): string[] {
  const names = output("readelf", "--dynamic", file).matchAll(/\(NEEDED\).*\[(.+)\]/g);
  return [...names].map(([, name = ""]) => name).filter((name) => !name.startsWith("ld-linux"));
}

function loaderOf(file: string): string[] {
  const text = output("readelf", "--program-headers", file);
  return [...text.matchAll(/program interpreter: (\S+)\]/g)].map(([, path = ""]) => path);
}

function output(...command: string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { stdout: "pipe", stderr: "pipe" });
  // ldd fails for static programs, which have no libraries.
  if (exitCode !== 0 && command[0] !== "ldd") {
    throw new Error(`${command.join(" ")}: ${stderr.toString().trim()}`);
  }
  return stdout.toString();
}
