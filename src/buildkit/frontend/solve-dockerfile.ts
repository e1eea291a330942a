import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import type { BuildEvent, BuildRecord, BuildRequest, ContextSource } from "#builds/builder.ts";
import { syntaxOf } from "#builds/dockerfile/directives.ts";
import { DockerfileError, DockerfileSyntaxError } from "#builds/dockerfile/dockerfile-error.ts";
import type { LineRange } from "#builds/dockerfile/statement.ts";
import { StepError } from "#builds/solve/step-error.ts";
import { formatPlatform, hostPlatform } from "#oci/platform.ts";
import { parseBoolean } from "#support/boolean.ts";
import { errorChain, TboxError } from "#support/errors.ts";
import { GrpcError, statusCode, toGrpcError } from "../grpc/grpc-error.ts";
import { type BuildProgress, openBuildProgress, type ShownWarnings } from "../progress/build-progress.ts";
import { type SourceText, sourceDetail } from "../progress/source-text.ts";
import type { Vertex } from "../progress/vertices.ts";
import { openAgentSocket } from "../sessions/agent-socket.ts";
import { credentialsOf, hasAgent, secretOf } from "../sessions/client-services.ts";
import { allOrNone } from "./all-or-none.ts";
import { type Annotation, annotationsFor } from "./annotations.ts";
import { type BuildScope, sessionOf } from "./build-scope.ts";
import type { BuiltImage } from "./built-result.ts";
import { type FrontendRequest, namedContexts, remoteContext } from "./contexts.ts";
import { readLocalFiles, takeLocalFiles } from "./local-files.ts";
import { readFrontendOptions, readPlatforms, unknownOptions } from "./options.ts";
import { remoteCaches } from "./remote-caches.ts";

/** Settings of a build's request besides the options of its front end. */
export interface SolveSettings {
  annotations: Annotation[];
  inlineCache: boolean;
  /** Upper bound for timestamps that replaces the argument SOURCE_DATE_EPOCH. */
  epoch: string | undefined;
  allowHostNetwork: boolean;
  checkOnly: boolean;
}

/** Result of a Dockerfile: images, or the findings of a check. */
export type Solved =
  | { type: "images"; images: BuiltImage[]; several: boolean }
  | {
      type: "findings";
      findings: Extract<BuildEvent, { type: "warning" }>[];
      source: SourceText;
      /** Error in the Dockerfile that ended the check. */
      failure?: { message: string; lines: LineRange };
    };

/** Result for one platform. */
type SolvedPlatform = ({ type: "image" } & BuiltImage) | Extract<Solved, { type: "findings" }>;

/** Builds the Dockerfile of a client for each of the platforms; returns the images. */
export async function solveDockerfile(
  scope: BuildScope,
  request: FrontendRequest,
  settings: SolveSettings,
): Promise<Solved> {
  const { options } = request;
  const from = readFrontendOptions(options);
  const { platforms, several } = readPlatforms(options);
  const filename = options.get("filename") ?? "Dockerfile";
  const { vertex, input } = await readInput(scope, request, {
    filename,
    remote: await remoteContext(scope, request),
  });
  for (const name of unknownOptions(options)) vertex.log(2, `unknown option ${name} is ignored\n`);
  const contexts = namedContexts(scope, request);
  const { annotations, epoch, ...common } = settings;
  const build: Omit<BuildRequest, "contexts" | "annotations"> = {
    ...from,
    ...(epoch === undefined ? {} : { epoch }),
    ...commonRequest(scope, common),
    cacheFrom: { ...from.cacheFrom, remotes: await remoteCaches(scope, options) },
    ...input,
    dockerfile: filename,
    inlineCache: settings.inlineCache || isTrue(from.arguments.BUILDKIT_INLINE_CACHE),
  };
  const wanted = platforms.length === 0 ? [undefined] : platforms;
  const shown: ShownWarnings = new Set();
  const solved = await allOrNone(scope.signal, wanted, async (platform, signal) => {
    const prefix = wanted.length > 1 && platform ? formatPlatform(platform) : undefined;
    const progress = openBuildProgress(scope.vertices, () => vertex.digest, { prefix, shown });
    const own = {
      ...build,
      ...(platform === undefined ? {} : { platform }),
      annotations: annotationsFor(annotations, "manifest", platform ?? hostPlatform()),
      contexts: await contexts(platform ?? hostPlatform()),
      signal,
    };
    return runBuild(scope, own, progress);
  });
  const [findings] = solved.flatMap((one) => (one.type === "findings" ? [one] : []));
  const images = solved.flatMap((one) => (one.type === "image" ? [one] : []));
  return findings ?? { type: "images", images, several };
}

/** Reads the Dockerfile and the context from the client, except the parts that come from a remote context. */
async function readInput(
  scope: BuildScope,
  request: FrontendRequest,
  { filename, remote }: { filename: string; remote: ContextSource | undefined },
): Promise<{ vertex: Vertex; input: Pick<BuildRequest, "context" | "dockerfileText"> }> {
  const { options } = request;
  const { vertex, text, ignore } = await readDefinition(scope, request, {
    filename,
    remote: remote !== undefined,
  });
  if (text !== undefined) checkSyntax(text);
  const local = { name: options.get("contextkey") ?? "context", options };
  const title = "[internal] load build context";
  const context = remote ?? (await takeLocalFiles(scope, local, { ignore, title }));
  return { vertex, input: { context, ...(text === undefined ? {} : { dockerfileText: text }) } };
}

/**
 * Carries out a request whose options did not come through the bridge. With `fromSession`, the client serves the context
 * and the Dockerfile; with `asksClient`, it serves secrets, agents and credentials.
 */
export async function solveGiven(
  scope: BuildScope,
  request: BuildRequest,
  { fromSession, asksClient }: { fromSession: boolean; asksClient: boolean },
): Promise<BuiltImage> {
  const { dockerfile: filename, context: remote } = request;
  const nothing = { options: new Map(), inputs: new Map() };
  const { vertex, input } = await readInput(scope, nothing, {
    filename,
    remote: fromSession ? undefined : remote,
  });
  const progress = openBuildProgress(scope.vertices, () => vertex.digest);
  const build = { ...request, ...(asksClient ? clientResources(scope) : {}), ...input, tags: [] };
  return imageOf(await runBuild(scope, build, progress));
}

function imageOf(solved: SolvedPlatform): BuiltImage {
  if (solved.type === "image") return solved;
  throw new TboxError("internal", "the build returned no image");
}

/** Reads the Dockerfile of a client without building it. */
export async function readDockerfileText(scope: BuildScope, request: FrontendRequest): Promise<SourceText> {
  const filename = request.options.get("filename") ?? "Dockerfile";
  const { text } = await readDefinition(scope, request, { filename, remote: false });
  return { name: filename, text: text ?? "" };
}

/** Builds a Dockerfile that does not come from the client. */
export async function solveText(
  scope: BuildScope,
  { text, context }: { text: string; context: ContextSource },
  settings: SolveSettings,
): Promise<BuiltImage> {
  const { annotations: _, epoch: __, ...common } = settings;
  const vertex = scope.vertices.start("[internal] load source");
  const progress = openBuildProgress(scope.vertices, () => vertex.digest);
  const build: BuildRequest = {
    ...readFrontendOptions(new Map()),
    ...commonRequest(scope, { ...common, checkOnly: false }),
    annotations: {},
    context,
    dockerfile: "source",
    dockerfileText: text,
    contexts: new Map(),
  };
  try {
    return imageOf(await runBuild(scope, build, progress));
  } finally {
    vertex.finish();
  }
}

function commonRequest(scope: BuildScope, settings: Omit<SolveSettings, "annotations" | "epoch">) {
  const { signal } = scope;
  return {
    ...settings,
    tags: [],
    squash: false,
    progress: "live" as const,
    ...clientResources(scope),
    signal,
  };
}

async function runBuild(
  scope: BuildScope,
  build: BuildRequest,
  progress: BuildProgress,
): Promise<SolvedPlatform> {
  const findings: Extract<BuildEvent, { type: "warning" }>[] = [];
  const started = Date.now();
  let record: BuildRecord = { steps: [], otherSteps: [], materials: [], requested: [], epoch: undefined };
  try {
    for await (const event of scope.services.builder.build(build)) {
      progress.take(event);
      if (event.type === "warning") findings.push(event);
      if (event.type === "recorded") record = event.record;
      if (event.type === "built") {
        const { image: id, existed } = event;
        const platform = build.platform ?? hostPlatform();
        const times = { started, finished: Date.now() };
        return { type: "image", id, existed, platform, record, source: progress.source(), ...times };
      }
    }
  } catch (error) {
    const source = progress.source();
    if (!(build.checkOnly && source && error instanceof DockerfileError)) throw located(error, progress);
    const failure = { message: messageOf(error), lines: error.lines };
    return { type: "findings", findings, source, failure };
  }
  return { type: "findings", findings, source: progress.source() ?? { name: build.dockerfile, text: "" } };
}

/** Adds the lines at fault to an error, and ends the steps that were running. */
function located(error: unknown, progress: BuildProgress): GrpcError {
  const lines = error instanceof DockerfileError ? error.lines : undefined;
  // Clients print every code but this one in front of the message.
  const code = lines ? statusCode.unknown : toGrpcError(error).code;
  const message = messageOf(error);
  progress.fail(message, lines);
  const source = progress.source();
  return new GrpcError(code, message, source && lines ? [sourceDetail(source, lines)] : []);
}

/** Returns the message as BuildKit words it. */
function messageOf(error: unknown): string {
  if (error instanceof StepError) {
    return `process ${JSON.stringify(error.command)} did not complete successfully: exit code: ${error.exitCode}`;
  }
  const message = errorChain(error);
  return error instanceof DockerfileSyntaxError
    ? `dockerfile parse error on line ${error.lines.start}: ${message}`
    : message;
}

interface Definition {
  vertex: Vertex;
  /** Text of the Dockerfile; absent when it is part of a remote context. */
  text?: string;
  /** Text of `NAME.dockerignore`, if the client has it. */
  ignore?: string;
}

/** Reads the Dockerfile from the client, unless it is part of a remote context. */
async function readDefinition(
  scope: BuildScope,
  { options }: FrontendRequest,
  { filename, remote }: { filename: string; remote: boolean },
): Promise<Definition> {
  const vertex = scope.vertices.start(`[internal] load build definition from ${filename}`);
  try {
    const key = options.get("dockerfilekey");
    if (remote && key === undefined) return { vertex };
    const own = `${filename}.dockerignore`;
    const paths = [filename, own, filename.replace(/(?<=^|\/)Dockerfile$/, "dockerfile")];
    const read = await readLocalFiles(scope, { name: key ?? "dockerfile", options }, [...new Set(paths)]);
    const text = paths
      .filter((path) => path !== own)
      .map(read)
      .find((one) => one !== undefined);
    if (text === undefined) {
      throw new TboxError(
        "invalid-argument",
        `failed to read dockerfile: open ${filename}: no such file or directory`,
      );
    }
    if (text.trim() === "")
      throw new TboxError("invalid-argument", `the Dockerfile (${filename}) cannot be empty`);
    vertex.part("transferring dockerfile:", { current: Buffer.byteLength(text), done: true });
    const ignore = read(own);
    return { vertex, text, ...(ignore === undefined ? {} : { ignore }) };
  } catch (error) {
    vertex.finish({ error: errorChain(error) });
    throw error;
  } finally {
    vertex.finish();
  }
}

/** Throws for a front end other than the one for Dockerfiles, which is built in. */
function checkSyntax(text: string): void {
  const syntax = syntaxOf(text);
  if (syntax !== undefined) checkFrontend(syntax);
}

/** Throws unless an image is a front end for Dockerfiles; the built-in front end replaces such an image. */
export function checkFrontend(image: string): void {
  const [name = ""] = image.trim().split(/\s/, 1);
  if (/^(?:docker\.io\/)?docker\/dockerfile(?:-upstream)?(?:[:@].*)?$/.test(name)) return;
  throw new TboxError(
    "not-implemented",
    `front end ${name}: only docker/dockerfile is supported, which is built in`,
  );
}

/** Returns the functions that ask the client for secrets, agents and credentials. */
function clientResources(scope: BuildScope): Pick<BuildRequest, "secret" | "agent" | "credentials"> {
  const { signal, held } = scope;
  const agents = new Map<string, Promise<string | undefined>>();
  const openAgent = async (id: string) => {
    const session = await sessionOf(scope);
    if (!(await hasAgent(session, id, signal))) return undefined;
    // The path of a socket has at most 107 bytes, so it cannot be in the store.
    const directory = mkdtempSync(`${tmpdir()}/tbox-agent-`);
    held.defer(() => rmSync(directory, { recursive: true, force: true }));
    const path = `${directory}/agent`;
    held.use(await openAgentSocket(session, { id, path, signal }));
    return path;
  };
  return {
    secret: async (id) => secretOf(await sessionOf(scope), id, signal),
    agent(id) {
      const opened = agents.get(id) ?? openAgent(id);
      agents.set(id, opened);
      return opened;
    },
    credentials: async (domain) => credentialsOf(await sessionOf(scope), domain, signal),
  };
}

function isTrue(text: string | undefined): boolean {
  return parseBoolean(text ?? "") ?? false;
}
