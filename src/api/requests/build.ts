import { z } from "zod";
import { openLog } from "#support/log.ts";
import { dictionary } from "../schema/dictionary.ts";
import { dockerObject } from "../schema/docker-object.ts";
import { queryFilters } from "../schema/filters.ts";
import { parseJson } from "../schema/json.ts";
import { query, queryFlag, queryInteger, queryText } from "../schema/query.ts";
import { resourceShape, unsetResources } from "./resources.ts";

const log = openLog("api");

/** Returns the schema of a query parameter that contains JSON. */
function queryJson<Value>(schema: z.ZodType<Value>) {
  return z
    .string()
    .transform((text, context) => {
      const result = schema.safeParse(jsonIn(text));
      if (result.success) return result.data;
      const message = result.error.issues[0]?.message ?? "invalid";
      context.issues.push({ code: "custom", input: text, message });
      return z.NEVER;
    })
    .exactOptional();
}

/** Parses JSON; returns undefined, which no schema accepts, for invalid JSON. */
function jsonIn(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

const texts = queryJson(z.array(z.string()).nullable());
// A client sends null for an argument whose environment variable is unset.
const argumentsOf = queryJson(dictionary(z.string().nullable()).nullable());

/** Query of `POST /build`; `t` and `extrahosts` may be repeated. */
export const buildQuery = query({
  dockerfile: queryText,
  t: queryText,
  extrahosts: queryText,
  remote: queryText,
  q: queryFlag,
  nocache: queryFlag,
  cachefrom: texts,
  pull: queryText,
  // Accepted and ignored: containers of steps are always removed.
  rm: queryFlag,
  forcerm: queryFlag,
  memory: queryInteger,
  memswap: queryInteger,
  cpushares: queryInteger,
  cpusetcpus: queryText,
  cpusetmems: queryText,
  cpuperiod: queryInteger,
  cpuquota: queryInteger,
  buildargs: argumentsOf,
  shmsize: queryInteger,
  squash: queryFlag,
  labels: queryJson(dictionary(z.string()).nullable()),
  networkmode: queryText,
  platform: queryText,
  target: queryText,
  outputs: queryText,
  version: queryText,
  isolation: queryText,
  cgroupparent: queryText,
  ulimits: queryJson(z.array(z.object({ Name: z.string(), Soft: z.number(), Hard: z.number() })).nullable()),
  session: queryText,
  buildid: queryText,
});

export type BuildQuery = z.infer<typeof buildQuery>;

/** Query of `POST /build/cancel`. */
export const cancelBuildQuery = query({ id: z.string("build ID not provided") });

/** Query of `POST /build/prune`; sizes in bytes. */
export const pruneBuildQuery = query({
  all: queryFlag,
  filters: queryFilters,
  "keep-storage": queryInteger,
  "reserved-space": queryInteger,
  "max-used-space": queryInteger,
  "min-free-space": queryInteger,
});

export type PruneBuildQuery = z.infer<typeof pruneBuildQuery>;

const record = z.record(z.string(), z.string());

/** An output or a cache: its type and its attributes. */
const typedAttributes = z.strictObject({ type: z.string(), attributes: record });

/** Schema of the first line of the body of `POST /tbox/build`; a tar follows it for the context `stream`. */
export const tboxBuildSchema = z.strictObject({
  context: z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("directory"), path: z.string() }),
    z.strictObject({ type: z.literal("remote"), url: z.string() }),
    z.strictObject({ type: z.literal("stream") }),
    z.strictObject({ type: z.literal("none") }),
  ]),
  dockerfile: z.string(),
  dockerfileText: z.string().exactOptional(),
  checkOnly: z.boolean(),
  /** Question about the Dockerfile, which is answered instead of a build. */
  question: z.enum(["outline", "targets"]).exactOptional(),
  tags: z.array(z.string()),
  target: z.string().exactOptional(),
  arguments: record,
  labels: record,
  annotations: record,
  noCache: z.boolean(),
  squash: z.boolean(),
  pull: z.boolean(),
  platforms: z.array(z.string()),
  network: z.string().exactOptional(),
  extraHosts: z.array(z.string()),
  shmSize: z.number(),
  ulimits: z.array(z.object({ Name: z.string(), Soft: z.number(), Hard: z.number() })),
  resources: dockerObject(resourceShape, { unset: unsetResources }),
  cgroupParent: z.string().exactOptional(),
  /** Contents in base64, by ID. */
  secrets: record,
  agents: record,
  /** Named contexts: a directory of this machine, `docker-image://`, `oci-layout://`, or an address. */
  contexts: record,
  /** Outputs besides the image in the store; their names are the tags by default. */
  outputs: z.array(typedAttributes),
  cacheFrom: z.array(typedAttributes),
  cacheTo: z.array(typedAttributes),
  /** Options of the provenance, such as `mode=max`. */
  provenance: z.string().exactOptional(),
  noCacheStages: z.array(z.string()),
  allowHostNetwork: z.boolean(),
  /** Values of `X-Registry-Auth` by domain. */
  credentials: record,
});

/** Query of `GET /tbox/outputs`. */
export const outputQuery = query({ token: z.string() });

export type TboxBuildRequest = z.infer<typeof tboxBuildSchema>;

/**
 * Parses the header `X-Registry-Config`, a JSON object by domain in base64, to values of `X-Registry-Auth`. A malformed
 * header has no credentials, as in Docker.
 */
export function parseRegistryConfig(header: string | null): Record<string, string> {
  if (header === null || header === "") return {};
  const value = registryConfigOf(Buffer.from(header, "base64url").toString());
  if (value === undefined) {
    log.warn("a malformed X-Registry-Config header is ignored");
    return {};
  }
  return Object.fromEntries(
    Object.entries(value).map(([domain, auth]) => [
      domain,
      Buffer.from(JSON.stringify(auth)).toString("base64url"),
    ]),
  );
}

const registryConfig = z.record(z.string(), z.looseObject({}));

function registryConfigOf(json: string): z.infer<typeof registryConfig> | undefined {
  return registryConfig.safeParse(jsonIn(json || "{}")).data;
}
