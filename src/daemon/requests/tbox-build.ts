import { type TboxBuildRequest, tboxBuildSchema } from "#api/requests/build.ts";
import { parseJson } from "#api/schema/json.ts";
import type { BuildRequest, ContextSource } from "#builds/builder.ts";
import { parsePlatform } from "#oci/platform.ts";
import { parseReference } from "#oci/reference.ts";
import { invalidArgument } from "#support/errors.ts";
import { streamOf } from "#support/streams.ts";
import { credentialsByDomain } from "./build-credentials.ts";
import { isTrue } from "./classic-build.ts";

/** Maximum number of bytes of the first line, which contains secrets. */
const lineLimit = 16 * 1024 * 1024;

/** Returns the build that `POST /tbox/build` requests: a line of JSON, followed by a tar for the context `stream`. */
export async function parseTboxBuild({ body, signal }: Request): Promise<BuildRequest> {
  if (body === null) throw invalidArgument("the request has no body");
  const { line, rest } = await cutLine(body);
  const result = tboxBuildSchema.safeParse(parseJson(line));
  if (!result.success) {
    const issue = result.error.issues[0];
    throw invalidArgument(`${issue?.path.join(".")}: ${issue?.message}`);
  }
  const { context, tags, platform, secrets, agents, credentials, cacheFrom, ...same } = result.data;
  return {
    ...same,
    progress: "live",
    cacheFrom: { names: cacheFrom, only: false },
    inlineCache: same.inlineCache || isTrue(same.arguments.BUILDKIT_INLINE_CACHE),
    allowHostNetwork: same.allowHostNetwork || same.network === "host",
    context: contextOf(context, rest),
    tags: tags.map(parseReference),
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
    contexts: new Map(),
    secret: (id) => (Object.hasOwn(secrets, id) ? Buffer.from(secrets[id] ?? "", "base64") : undefined),
    agent: (id) => (Object.hasOwn(agents, id) ? agents[id] : undefined),
    credentials: credentialsByDomain(credentials),
    signal,
  };
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
