import type { BuildRequest } from "#builds/builder.ts";
import { type Platform, parsePlatform, withUsualVariant } from "#oci/platform.ts";
import { parseBoolean } from "#support/boolean.ts";
import { parseBytes } from "#support/bytes.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { readCacheImports } from "./cache-options.ts";

/** Options of a front end by name. */
export type FrontendOptions = Map<string, string>;

type FromOptions = Pick<
  BuildRequest,
  | "target"
  | "arguments"
  | "labels"
  | "noCache"
  | "noCacheStages"
  | "pull"
  | "network"
  | "extraHosts"
  | "shmSize"
  | "ulimits"
  | "resources"
  | "cgroupParent"
  | "cacheFrom"
>;

/** Options that change nothing here: they describe the client, or are read elsewhere. */
const other =
  /^(?:filename|requestid|source|cmdline|dockerfilekey|contextkey|context|frontend\.caps|(?:vcs|context|input|input-metadata|local-sessionid|sharedkey:localdir|build-arg|label|attest):.*)$/;

/** Returns the part of a build's request that the options determine; throws for options that are not supported. */
export function readFrontendOptions(options: FrontendOptions): FromOptions {
  const text = (name: string) => options.get(name) ?? "";
  const [target, network, parent] = ["target", "force-network-mode", "cgroup-parent"].map(text);
  refuseUnsupported(options);
  const noCache = options.get("no-cache");
  return {
    ...(target ? { target } : {}),
    arguments: withPrefix(options, "build-arg:"),
    labels: withPrefix(options, "label:"),
    noCache: noCache === "",
    noCacheStages: splitList(noCache),
    pull: text("image-resolve-mode") === "pull",
    ...(network && network !== "default" && network !== "sandbox" ? { network } : {}),
    extraHosts: splitList(text("add-hosts")).map((entry) => entry.replace("=", ":")),
    shmSize: text("shm-size") === "" ? 0 : parseBytes(text("shm-size")),
    ulimits: splitList(text("ulimit")).map(parseUlimit),
    resources: readResources(options),
    ...(parent ? { cgroupParent: parent } : {}),
    cacheFrom: { names: namedCaches(options), only: false },
  };
}

/** Returns the options with a prefix, without the prefix. */
export function withPrefix(options: FrontendOptions, prefix: string): Record<string, string> {
  return Object.fromEntries(
    [...options].flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
    ),
  );
}

const known = new Set(
  [
    "target platform force-network-mode cgroup-parent no-cache image-resolve-mode add-hosts shm-size ulimit cache-from",
    "cache-imports multi-platform memory memswap cpushares cpuperiod cpuquota cpusetcpus cpusetmems",
  ].flatMap((line) => line.split(" ")),
);

const unsupported = /^(?:hostname|device|override-copy-image|contextsubdir)$/;

/** Returns the names of options that neither BuildKit nor this front end knows. */
export function unknownOptions(options: FrontendOptions): string[] {
  return [...options.keys()].filter(
    (name) => !known.has(name) && !other.test(name) && !unsupported.test(name),
  );
}

function refuseUnsupported(options: FrontendOptions): void {
  for (const [name, value] of options) {
    if (unsupported.test(name) && value !== "") {
      throw new TboxError("not-implemented", `${name}: not supported`);
    }
  }
}

/** Returns the platforms that a client asks for, and whether the result has a list of platforms. */
export function readPlatforms(options: FrontendOptions): { platforms: Platform[]; several: boolean } {
  const platforms = splitList(options.get("platform")).map((text) => withUsualVariant(parsePlatform(text)));
  const several = parseBoolean(options.get("multi-platform") ?? "") ?? false;
  return { platforms, several: several || platforms.length > 1 };
}

/** Parses `nofile=1024:2048`. */
function parseUlimit(text: string): BuildRequest["ulimits"][number] {
  const [, name = "", soft = "", hard] = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text) ?? [];
  if (name === "") throw invalidArgument(`invalid ulimit: ${JSON.stringify(text)}`);
  return { Name: name, Soft: Number(soft), Hard: Number(hard ?? soft) };
}

const resourceNames = [
  ["memory", "Memory"],
  ["memswap", "MemorySwap"],
  ["cpushares", "CpuShares"],
  ["cpuperiod", "CpuPeriod"],
  ["cpuquota", "CpuQuota"],
] as const;

function readResources(options: FrontendOptions): BuildRequest["resources"] {
  const numbers = resourceNames.flatMap(([option, name]) => {
    const value = Number(options.get(option) ?? 0);
    if (!Number.isSafeInteger(value)) throw invalidArgument(`invalid ${option}: ${options.get(option)}`);
    return value === 0 ? [] : [[name, value] as const];
  });
  const [cpus, memories] = [options.get("cpusetcpus"), options.get("cpusetmems")];
  return {
    ...Object.fromEntries(numbers),
    ...(cpus ? { CpusetCpus: cpus } : {}),
    ...(memories ? { CpusetMems: memories } : {}),
  };
}

function namedCaches(options: FrontendOptions): string[] {
  const imported = readCacheImports(options).flatMap((one) => (one.type === "registry" ? [one.name] : []));
  return [...splitList(options.get("cache-from")), ...imported];
}

function splitList(text = ""): string[] {
  return text.split(",").filter((one) => one !== "");
}
