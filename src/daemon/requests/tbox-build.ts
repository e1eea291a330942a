import { type TboxBuildRequest, tboxBuildSchema } from "#api/requests/build.ts";
import { parseJson } from "#api/schema/json.ts";
import type { CommandBuild, TypedAttributes } from "#buildkit/command/command-build.ts";
import type { BuildRequest, ContextSource } from "#builds/builder.ts";
import type { Question } from "#builds/outline/describe-file.ts";
import { parsePlatform, withUsualVariant } from "#oci/platform.ts";
import { familiarName, parseReference, withDefaultTag } from "#oci/reference.ts";
import { invalidArgument } from "#support/errors.ts";
import { streamOf } from "#support/streams.ts";
import { credentialsByDomain } from "./build-credentials.ts";
import { isTrue } from "./classic-build.ts";

/** Maximum number of bytes of the first line, which contains secrets. */
const lineLimit = 16 * 1024 * 1024;

/** A build of `POST /tbox/build`: one that the builder carries out, or one with exports. */
export type ParsedTboxBuild =
  | { type: "plain"; request: BuildRequest }
  /** A question about the Dockerfile, which a check reads. */
  | { type: "question"; question: Question; request: BuildRequest }
  | { type: "command"; build: CommandBuild };

/** Returns the build that `POST /tbox/build` requests: a line of JSON, followed by a tar for the context `stream`. */
export async function parseTboxBuild({ body, signal }: Request): Promise<ParsedTboxBuild> {
  if (body === null) throw invalidArgument("the request has no body");
  const { line, rest } = await cutLine(body);
  const result = tboxBuildSchema.safeParse(parseJson(line));
  if (!result.success) {
    const issue = result.error.issues[0];
    throw invalidArgument(`${issue?.path.join(".")}: ${issue?.message}`);
  }
  const { context, tags, platforms, secrets, agents, credentials, ...others } = result.data;
  const { contexts, outputs, cacheFrom, cacheTo, provenance, question, ...same } = others;
  const request: CommandBuild["request"] = {
    ...same,
    progress: "live",
    cacheFrom: { names: [], only: false },
    inlineCache: isTrue(same.arguments.BUILDKIT_INLINE_CACHE),
    allowHostNetwork: same.allowHostNetwork || same.network === "host",
    context: contextOf(context, rest),
    tags: tags.map(parseReference),
    secret: (id) => (Object.hasOwn(secrets, id) ? Buffer.from(secrets[id] ?? "", "base64") : undefined),
    agent: (id) => (Object.hasOwn(agents, id) ? agents[id] : undefined),
    credentials: credentialsByDomain(credentials),
    signal,
  };
  const wanted = platforms.map((text) => withUsualVariant(parsePlatform(text)));
  const [platform, ...more] = wanted;
  if (question !== undefined) {
    return { type: "question", question, request: { ...request, checkOnly: true, contexts: new Map() } };
  }
  const isPlain =
    more.length + outputs.length + cacheFrom.length + cacheTo.length + Object.keys(contexts).length === 0;
  if (isPlain && provenance === undefined) {
    return {
      type: "plain",
      request: { ...request, ...(platform === undefined ? {} : { platform }), contexts: new Map() },
    };
  }
  return {
    type: "command",
    build: {
      request,
      platforms: wanted,
      contexts,
      outputs: storedAnd(outputs.map(typed), request),
      cacheFrom: cacheFrom.map(typed),
      cacheTo: cacheTo.map(typed),
      provenance,
    },
  };
}

function typed({ type, attributes }: { type: string; attributes: Record<string, string> }): TypedAttributes {
  return { type, attributes: new Map(Object.entries(attributes)) };
}

/** Types of outputs that consist of an image. */
const imageTypes = new Set(["image", "moby", "oci", "docker"]);

/** Returns the store and then the outputs. Images get the tags and annotations of the request. */
function storedAnd(outputs: TypedAttributes[], { tags, annotations }: CommandBuild["request"]) {
  const store: TypedAttributes = { type: "image", attributes: new Map() };
  const own = [
    ["name", tags.map((tag) => familiarName(withDefaultTag(tag))).join(",")] as const,
    ...Object.entries(annotations).map(([key, value]) => [annotationName(key), value] as const),
  ];
  return [store, ...outputs].map(({ type, attributes }) => ({
    type,
    attributes: imageTypes.has(type) ? new Map([...own, ...attributes]) : attributes,
  }));
}

/** Returns the attribute for an annotation `KEY` or `PLACE[PLATFORM]:KEY`. */
function annotationName(key: string): string {
  const [, place = "", name = key] =
    /^((?:manifest|index)(?:-descriptor)?(?:\[[^\]]*\])?):(.+)$/s.exec(key) ?? [];
  return place === "" ? `annotation.${name}` : `annotation-${place}.${name}`;
}

function contextOf(context: TboxBuildRequest["context"], rest: ReadableStream<Uint8Array>): ContextSource {
  return context.type === "stream" ? { type: "stream", body: rest } : context;
}

async function cutLine(
  body: ReadableStream<Uint8Array>,
): Promise<{ line: string; rest: ReadableStream<Uint8Array> }> {
  const chunks = body[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await chunks.next();
    if (done) return { line: Buffer.concat(head).toString(), rest: streamOf(chunks) };
    const end = value.indexOf(10);
    head.push(end < 0 ? value : value.subarray(0, end));
    if (end >= 0) {
      return { line: Buffer.concat(head).toString(), rest: streamOf(chunks, value.subarray(end + 1)) };
    }
    size += value.length;
    if (size > lineLimit) throw invalidArgument("the first line of the body is too long");
  }
}
