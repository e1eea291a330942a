import type { BuildMaterial, BuildRecord, RequestedResource } from "#builds/builder.ts";
import { type Attestation, packageUrl } from "#oci/attestation.ts";
import { formatPlatform, hostPlatform } from "#oci/platform.ts";
import type { ProvenanceOptions } from "../frontend/attestations.ts";
import type { FrontendOptions } from "../frontend/options.ts";
import type { SourceText } from "../progress/source-text.ts";

/** Facts from which a provenance is made. */
export interface ProvenanceInput {
  settings: ProvenanceOptions;
  options: FrontendOptions;
  /** Names of the client's directories that the build used. */
  locals: string[];
  record: Pick<BuildRecord, "materials" | "requested">;
  source: SourceText | undefined;
  /** Reference of the build. */
  invocation: string;
  started: number;
  finished: number;
}

const buildTypes = {
  "v0.2": "https://mobyproject.org/buildkit@v1",
  v1: "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
} as const;

/** Returns the provenance of a build in the SLSA format, with the fields that BuildKit sets. */
export function provenanceOf(input: ProvenanceInput): Attestation {
  const { version } = input.settings;
  const predicate = version === "v1" ? predicateOfVersion1(input) : predicateOfVersion02(input);
  return { predicateType: `https://slsa.dev/provenance/${version}`, predicate };
}

function predicateOfVersion02(input: ProvenanceInput) {
  const { settings, invocation, started, finished } = input;
  const request = requestOf(input);
  const { uri, digest, path } = configSourceOf(input);
  return {
    builder: { id: settings.builderId },
    buildType: buildTypes["v0.2"],
    materials: materialsOf(input),
    invocation: {
      configSource: { ...uri, ...digest, ...(path === undefined ? {} : { entryPoint: path }) },
      parameters: request,
      environment: { platform: formatPlatform(hostPlatform()) },
    },
    metadata: {
      buildInvocationID: invocation,
      buildStartedOn: new Date(started).toISOString(),
      buildFinishedOn: new Date(finished).toISOString(),
      completeness: { ...completeness(input), environment: true },
      reproducible: settings.reproducible,
      "https://mobyproject.org/buildkit@v1#metadata": metadataOf(input),
    },
  };
}

function predicateOfVersion1(input: ProvenanceInput) {
  const { settings, invocation, started, finished } = input;
  const { parameters, materials } = completeness(input);
  const { uri, digest, path } = configSourceOf(input);
  return {
    buildDefinition: {
      buildType: buildTypes.v1,
      externalParameters: {
        configSource: { ...uri, ...digest, ...(path === undefined ? {} : { path }) },
        request: requestOf(input),
      },
      internalParameters: { builderPlatform: formatPlatform(hostPlatform()) },
      resolvedDependencies: materialsOf(input),
    },
    runDetails: {
      builder: { id: settings.builderId },
      metadata: {
        invocationId: invocation,
        startedOn: new Date(started).toISOString(),
        finishedOn: new Date(finished).toISOString(),
        buildkit_metadata: metadataOf(input),
        buildkit_completeness: { request: parameters, resolvedDependencies: materials },
        ...(settings.reproducible ? { buildkit_reproducible: true } : {}),
      },
    },
  };
}

/** Options that say how a build is reported or transferred, and nothing about its result. */
const hidden =
  /^(?:vcs:|attest:|local-sessionid:|sharedkey:|input:|input-metadata:|context$|filename$|cache-imports$|cache-from$|frontend\.caps$|contextkey$|dockerfilekey$)/;
/** Options whose values can be confidential. */
const confidential = /^(?:build-arg|label):/;

function requestOf({ options, settings, locals, record }: ProvenanceInput) {
  const args = [...options].filter(
    ([name]) => !hidden.test(name) && (settings.mode === "max" || !confidential.test(name)),
  );
  return {
    frontend: "dockerfile.v0",
    ...(args.length === 0 ? {} : { args: Object.fromEntries(args) }),
    ...(locals.length === 0 ? {} : { locals: locals.map((name) => ({ name })) }),
    ...(settings.mode === "max" ? resourcesOf(record, "secrets", "secret") : {}),
    ...(settings.mode === "max" ? resourcesOf(record, "ssh", "ssh") : {}),
  };
}

/** Returns an object with the sorted names of the secrets or SSH agents under a key; an empty object if there are none. */
function resourcesOf({ requested }: ProvenanceInput["record"], key: string, kind: RequestedResource["kind"]) {
  const found = new Map<string, boolean>();
  for (const one of requested) {
    if (one.kind === kind) found.set(one.id, one.optional && (found.get(one.id) ?? true));
  }
  if (found.size === 0) return {};
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return { [key]: sorted.map(([id, optional]) => ({ id, ...(optional ? { optional } : {}) })) };
}

/** Tells which parts of the provenance are complete. Files of the client have no address. */
function completeness({ options, settings, locals }: ProvenanceInput) {
  const isHidden = settings.mode === "min" && [...options.keys()].some((name) => confidential.test(name));
  return { parameters: !isHidden, materials: locals.length === 0 };
}

function configSourceOf({ options, record }: ProvenanceInput) {
  const address = options.get("context") || undefined;
  const path = options.get("filename") ?? "Dockerfile";
  const material = record.materials.find((one) => one.type === "git" && one.url === address);
  return {
    uri: address === undefined ? {} : { uri: withoutPassword(address) },
    digest: material === undefined ? {} : { digest: digestsOf(material) },
    path,
  };
}

function metadataOf({ options, settings, source }: ProvenanceInput) {
  const vcs = [...options].flatMap(([name, value]) =>
    name.startsWith("vcs:") && value !== "" ? [[name.slice("vcs:".length), withoutPassword(value)]] : [],
  );
  const infos =
    settings.mode === "max" && source
      ? [{ filename: source.name, language: "Dockerfile", data: Buffer.from(source.text).toString("base64") }]
      : [];
  return {
    ...(vcs.length === 0 ? {} : { vcs: Object.fromEntries(vcs) }),
    ...(infos.length === 0 ? {} : { source: { infos } }),
  };
}

function materialsOf({ record }: ProvenanceInput) {
  const all = record.materials.map((material) => ({ uri: uriOf(material), digest: digestsOf(material) }));
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}

function uriOf(material: BuildMaterial): string {
  if (material.type === "image") return packageUrl(material.name, material.platform);
  return withoutPassword(material.url);
}

function digestsOf(material: BuildMaterial): Record<string, string> {
  if (material.type === "git") {
    return { [material.commit.length === 64 ? "sha256" : "sha1"]: material.commit };
  }
  const [algorithm = "", hex = ""] = material.digest.split(":");
  return { [algorithm]: hex };
}

/** Removes the user and the password from an address. */
function withoutPassword(address: string): string {
  return address.replace(/^([a-z+]+:\/\/)[^@/]*@/, "$1");
}
