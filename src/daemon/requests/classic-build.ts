import { type BuildQuery, parseRegistryConfig } from "#api/requests/build.ts";
import { parseRegistryAuth } from "#api/requests/registry-auth.ts";
import type { BuildRequest } from "#builds/builder.ts";
import type { Resources } from "#containers/limits/resources.ts";
import { parsePlatform } from "#oci/platform.ts";
import { parseReference } from "#oci/reference.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { refuseParameters } from "../routes/unsupported.ts";

/** What `POST /build` asks for; what is not honoured is refused by name. */
export function classicRequest(query: BuildQuery, request: Request): BuildRequest {
  const parameters = new URL(request.url).searchParams;
  refuse(query);
  const { remote, dockerfile = "Dockerfile", target, platform, networkmode: network } = query;
  if (remote === undefined && request.body === null) {
    throw invalidArgument("the request has no body: a tar of the build context is missing");
  }
  const ulimits = query.ulimits ?? [];
  return {
    context:
      remote === undefined
        ? { type: "stream", body: request.body as ReadableStream<Uint8Array> }
        : { type: "remote", url: remote },
    dockerfile,
    checkOnly: false,
    tags: parameters
      .getAll("t")
      .filter((tag) => tag !== "")
      .map(parseReference),
    ...(target === undefined ? {} : { target }),
    arguments: withoutNull(query.buildargs ?? {}),
    labels: query.labels ?? {},
    annotations: {},
    noCache: query.nocache ?? false,
    squash: query.squash ?? false,
    pull: isSet(query.pull),
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
    ...(network === undefined ? {} : { network }),
    extraHosts: parameters
      .getAll("extrahosts")
      .flatMap((text) => text.split(","))
      .filter((text) => text !== ""),
    shmSize: query.shmsize ?? 0,
    ulimits,
    resources: resourcesOf(query),
    ...(query.cgroupparent === undefined ? {} : { cgroupParent: query.cgroupparent }),
    secrets: new Map(),
    agents: new Map(),
    cacheFrom: { names: query.cachefrom ?? [], only: true },
    inlineCache: isTrue(query.buildargs?.BUILDKIT_INLINE_CACHE),
    noCacheStages: [],
    allowHostNetwork: network === "host",
    credentials: credentialsIn(parseRegistryConfig(request.headers.get("x-registry-config"))),
    signal: request.signal,
  };
}

/** Credentials by the domain of a registry, Docker Hub's key among them. */
export function credentialsIn(headers: Record<string, string>): BuildRequest["credentials"] {
  return (domain) => {
    const keys =
      domain === "docker.io" ? ["https://index.docker.io/v1/", "docker.io", "index.docker.io"] : [domain];
    const key = keys.find((one) => Object.hasOwn(headers, one));
    return key === undefined ? undefined : parseRegistryAuth(headers[key]);
  };
}

function refuse(query: BuildQuery): void {
  if (query.version === "2" || query.session !== undefined) {
    const fix = "set DOCKER_BUILDKIT=0, or use tbox build";
    throw new TboxError("not-implemented", `version: BuildKit's own protocol is not supported yet: ${fix}`);
  }
  if (query.isolation !== undefined && query.isolation !== "default") {
    throw invalidArgument(`invalid isolation: ${JSON.stringify(query.isolation)}`);
  }
  const { outputs } = query;
  refuseParameters({ outputs });
}

/** What is not 0. */
function resourcesOf(query: BuildQuery): Resources {
  const { memory, memswap, cpushares, cpuperiod, cpuquota, cpusetcpus, cpusetmems } = query;
  return {
    ...(memory ? { Memory: memory } : {}),
    ...(memswap ? { MemorySwap: memswap } : {}),
    ...(cpushares ? { CpuShares: cpushares } : {}),
    ...(cpuperiod ? { CpuPeriod: cpuperiod } : {}),
    ...(cpuquota ? { CpuQuota: cpuquota } : {}),
    ...(cpusetcpus ? { CpusetCpus: cpusetcpus } : {}),
    ...(cpusetmems ? { CpusetMems: cpusetmems } : {}),
  };
}

function withoutNull(values: Record<string, string | null>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  );
}

export function isTrue(text: string | null | undefined): boolean {
  return /^(1|t|true)$/i.test(text ?? "");
}

function isSet(text: string | undefined): boolean {
  return text !== undefined && !["0", "no", "false", "none"].includes(text.toLowerCase());
}
