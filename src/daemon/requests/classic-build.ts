import { type BuildQuery, parseRegistryConfig } from "#api/requests/build.ts";
import { parseJson } from "#api/schema/json.ts";
import type { HttpBuild } from "#buildkit/control/http-build.ts";
import type { BuildRequest, ContextSource } from "#builds/builder.ts";
import type { Resources } from "#containers/limits/resources.ts";
import { parsePlatform } from "#oci/platform.ts";
import { parseReference } from "#oci/reference.ts";
import { parseBoolean } from "#support/boolean.ts";
import { invalidArgument } from "#support/errors.ts";
import { credentialsByDomain } from "./build-credentials.ts";
import { refuseParameters } from "./refuse-parameters.ts";

/** Returns the build that `POST /build` requests; throws for parameters that are not honoured. */
export function parseClassicBuild(query: BuildQuery, request: Request): BuildRequest {
  refuseUnsupported(query);
  const parameters = new URL(request.url).searchParams;
  const { dockerfile = "Dockerfile", target, platform, networkmode: network, cgroupparent } = query;
  return {
    context: contextOf(query, request),
    dockerfile,
    checkOnly: false,
    tags: withoutEmpty(parameters.getAll("t")).map(parseReference),
    ...(target === undefined ? {} : { target }),
    arguments: withoutNull(query.buildargs ?? {}),
    unsetArguments: nullNames(query.buildargs ?? {}),
    labels: query.labels ?? {},
    annotations: {},
    noCache: query.nocache ?? false,
    squash: query.squash ?? false,
    pull: isSet(query.pull),
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
    ...(network === undefined ? {} : { network }),
    extraHosts: withoutEmpty(parameters.getAll("extrahosts").flatMap((text) => text.split(","))),
    shmSize: query.shmsize ?? 0,
    ulimits: query.ulimits ?? [],
    resources: resourcesOf(query),
    ...(cgroupparent === undefined ? {} : { cgroupParent: cgroupparent }),
    contexts: new Map(),
    secret: () => undefined,
    agent: () => undefined,
    cacheFrom: { names: query.cachefrom ?? [], only: true },
    inlineCache: isTrue(query.buildargs?.BUILDKIT_INLINE_CACHE),
    noCacheStages: [],
    progress: "classic",
    allowHostNetwork: network === "host",
    credentials: credentialsByDomain(parseRegistryConfig(request.headers.get("x-registry-config"))),
    signal: request.signal,
  };
}

/** Value of `remote` for a context that the client serves in its session. */
const clientSession = "client-session";

/** Returns the BuildKit build that `POST /build?version=2` requests. */
export function parseSessionBuild(query: BuildQuery, request: Request): HttpBuild {
  const { session, version: _, outputs, ...classic } = query;
  const parsed = parseClassicBuild(classic, request);
  return {
    request: { ...parsed, progress: "live", cacheFrom: { ...parsed.cacheFrom, only: false } },
    session,
    outputs: parseOutputs(outputs, session),
    fromSession: query.remote === clientSession,
  };
}

/** Reads the outputs of a build, a list in JSON; the image in the store is no output of its own. */
function parseOutputs(outputs: string | undefined, session: string | undefined): HttpBuild["outputs"] {
  const given: unknown = outputs === undefined ? [] : parseJson(outputs);
  if (!Array.isArray(given)) throw invalidArgument("outputs: not a list");
  const all: HttpBuild["outputs"] = given.map((one: unknown) => {
    const { Type: type, Attrs: attributes } = Object(one);
    const texts = Object.entries(Object(attributes)).map(([name, value]) => [name, String(value)] as const);
    return { type: String(type), attributes: new Map(texts) };
  });
  const wanted = all.filter(({ type, attributes }) => !/^(?:moby|image)$/.test(type) || attributes.size > 0);
  if (wanted.length === 0 || session !== undefined) return wanted;
  throw invalidArgument(`outputs: ${wanted[0]?.type}: a session is needed, which receives the output`);
}

function contextOf({ remote }: BuildQuery, { body }: Request): ContextSource {
  if (remote === clientSession) return { type: "none" };
  if (remote !== undefined) return { type: "remote", url: remote };
  if (body !== null) return { type: "stream", body };
  throw invalidArgument("the request has no body: a tar of the build context is missing");
}

function refuseUnsupported({ session, isolation, outputs }: BuildQuery): void {
  if (session !== undefined) throw invalidArgument("session: a session needs version=2");
  if (isolation !== undefined && isolation !== "default") {
    throw invalidArgument(`invalid isolation: ${JSON.stringify(isolation)}`);
  }
  refuseParameters({ outputs });
}

/** Returns the limits that are set; 0 is no limit. */
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

function withoutEmpty(texts: string[]): string[] {
  return texts.filter((text) => text !== "");
}

function nullNames(values: Record<string, string | null>): string[] {
  return Object.keys(values).filter((name) => values[name] === null);
}

function withoutNull(values: Record<string, string | null>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  );
}

/** Reports whether a build argument is true, by Go's rules. */
export function isTrue(text: string | null | undefined): boolean {
  return parseBoolean(text ?? "") ?? false;
}

function isSet(text: string | undefined): boolean {
  return text !== undefined && !["0", "no", "false", "none"].includes(text.toLowerCase());
}
