import { existsSync, readdirSync, readFileSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Environment } from "#support/directories.ts";
import { type Account, type Distribution, parseDistribution } from "./distribution.ts";

/** Facts about this machine and account that decide whether tbox works. */
export interface HostFacts {
  distribution: Distribution;
  /** Kernel release: `6.8.0-45-generic`. */
  kernel: string;
  account: Account & { uid: number };
  /** Contents of /etc/subuid and /etc/subgid. */
  subuid: string;
  /** Whether the ranges come from a directory service: see nsswitch.conf(5). */
  directoryService: boolean;
  subgid: string;
  /** Paths of newuidmap and newgidmap, and whether they are set-user-ID programs. */
  mappers: Mapper[];
  /** Whether set-user-ID programs have no effect in this session. */
  noNewPrivileges: boolean;
  /** Kernel settings below /proc/sys; undefined where the kernel lacks one. */
  maxUserNamespaces: number | undefined;
  userNamespaceClone: number | undefined;
  apparmorRestriction: number | undefined;
  /** Path of the helper, and whether a profile in /etc/apparmor.d names it. */
  helper: string;
  hasProfile: boolean;
  /** Whether cgroup v2 is mounted at /sys/fs/cgroup. */
  unifiedCgroups: boolean;
  /** Kind of machine, where remedies differ. */
  place: "machine" | "wsl" | "container";
  /** Whether systemd is process 1, whether the account has an instance of it, and whether the instance lingers. */
  systemd: { system: boolean; user: boolean; lingers: boolean; units: boolean };
  /** XDG_RUNTIME_DIR and its owner. */
  runtimeDirectory: { path: string; owner: number | undefined } | undefined;
  /** Directory of the store and the type of its file system. */
  store: { path: string; type: number | undefined };
}

export interface Mapper {
  name: string;
  path: string | undefined;
  isSetUserId: boolean;
}

/** Where the account and its files are. */
export interface HostOptions {
  /** Root of the files to read; `/` except in tests. */
  root: string;
  environment: Environment;
  account: { name: string; uid: number };
  helper: string;
  store: string;
}

/** Reads the facts. A file that cannot be read counts as absent. */
export function readHostFacts({ root, environment, account, helper, store }: HostOptions): HostFacts {
  const at = (path: string) => `${root === "/" ? "" : root}${path}`;
  const read = (path: string) => readIfPossible(at(path));
  const has = (path: string) => existsSync(at(path));
  const setting = (name: string) => {
    const text = read(`/proc/sys/${name}`).trim();
    return text === "" ? undefined : Number(text);
  };
  const kernel = read("/proc/sys/kernel/osrelease").trim();
  const passwd = read("/etc/passwd").split("\n");
  const runtime = environment.XDG_RUNTIME_DIR;
  const home = environment.XDG_CONFIG_HOME || `${environment.HOME ?? ""}/.config`;
  return {
    distribution: parseDistribution(read("/etc/os-release") || read("/usr/lib/os-release")),
    kernel,
    account: { ...account, isLocal: passwd.some((line) => line.startsWith(`${account.name}:`)) },
    subuid: read("/etc/subuid"),
    directoryService: /^subid:\s*(?!files)\w/m.test(read("/etc/nsswitch.conf")),
    subgid: read("/etc/subgid"),
    mappers: ["newuidmap", "newgidmap"].map((name) => findMapper(name, at)),
    noNewPrivileges: /^NoNewPrivs:\s*1$/m.test(read("/proc/self/status")),
    maxUserNamespaces: setting("user/max_user_namespaces"),
    userNamespaceClone: setting("kernel/unprivileged_userns_clone"),
    apparmorRestriction: setting("kernel/apparmor_restrict_unprivileged_userns"),
    helper,
    hasProfile: profilesName(at("/etc/apparmor.d"), helper),
    unifiedCgroups: has("/sys/fs/cgroup/cgroup.controllers"),
    place: placeOf(kernel, has),
    systemd: {
      system: has("/run/systemd/system"),
      user: has(`/run/user/${account.uid}/systemd/private`),
      lingers: has(`/var/lib/systemd/linger/${account.name}`),
      units: existsSync(at(`${home}/systemd/user/tbox.socket`)),
    },
    runtimeDirectory: runtime ? { path: runtime, owner: ownerOf(at(runtime)) } : undefined,
    store: { path: store, type: fileSystemOf(at(store)) },
  };
}

function placeOf(kernel: string, has: (path: string) => boolean): HostFacts["place"] {
  if (["/.dockerenv", "/run/.containerenv", "/run/secrets/kubernetes.io"].some(has)) return "container";
  return /microsoft/i.test(kernel) ? "wsl" : "machine";
}

/** The directories where the helper looks for newuidmap: see `native/crates/id-mapping/src/inspect.rs`. */
const mapperDirectories = ["/usr/bin", "/bin", "/usr/sbin", "/run/wrappers/bin"];

function findMapper(name: string, at: (path: string) => string): Mapper {
  for (const directory of mapperDirectories) {
    const status = statSync(at(`${directory}/${name}`), { throwIfNoEntry: false });
    if (status) return { name, path: `${directory}/${name}`, isSetUserId: (status.mode & 0o4000) !== 0 };
  }
  return { name, path: undefined, isSetUserId: false };
}

/** Tests whether an AppArmor profile in the directory names the program. */
function profilesName(directory: string, program: string): boolean {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .some(({ name }) => readIfPossible(`${directory}/${name}`).includes(program));
  } catch {
    return false;
  }
}

function ownerOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.uid;
}

/** Returns the type of the file system of the nearest existing directory: see statfs(2). */
function fileSystemOf(path: string): number | undefined {
  for (let directory = path; ; directory = dirname(directory)) {
    try {
      return statfsSync(directory).type;
    } catch {
      if (directory === dirname(directory)) return undefined;
    }
  }
}

function readIfPossible(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
