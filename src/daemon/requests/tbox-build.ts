import { type TboxBuildRequest, tboxBuildSchema } from "#api/requests/build.ts";
import { parseJson } from "#api/schema/json.ts";
import type { BuildRequest, ContextSource } from "#builds/builder.ts";
import { parsePlatform } from "#oci/platform.ts";
import { parseReference } from "#oci/reference.ts";
import { invalidArgument } from "#support/errors.ts";
import { streamOf } from "#support/streams.ts";
import { credentialsIn, isTrue } from "./classic-build.ts";

/** Longest first line, in bytes: secrets are in it. */
const mostHead = 16 * 1024 * 1024;

/** What `POST /tbox/build` asks for: a line of JSON, and after it perhaps a tar. */
export async function tboxRequest({ body, signal }: Request): Promise<BuildRequest> {
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
    cacheFrom: { names: cacheFrom, only: false },
    inlineCache: same.inlineCache || isTrue(same.arguments.BUILDKIT_INLINE_CACHE),
    allowHostNetwork: same.allowHostNetwork || same.network === "host",
    context: sourceOf(context, rest),
    tags: tags.map(parseReference),
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
    secrets: new Map(Object.entries(secrets).map(([id, text]) => [id, Buffer.from(text, "base64")])),
    agents: new Map(Object.entries(agents)),
    credentials: credentialsIn(credentials),
    signal,
  };
}

function sourceOf(context: TboxBuildRequest["context"], rest: ReadableStream<Uint8Array>): ContextSource {
  if (context.type === "stream") return { type: "stream", body: rest };
  return context;
}

async function cutLine(
  body: ReadableStream<Uint8Array>,
): Promise<{ line: string; rest: ReadableStream<Uint8Array> }> {
  const pieces = body[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await pieces.next();
    if (done) return { line: Buffer.concat(head).toString(), rest: streamOf(pieces) };
    const end = value.indexOf(10);
    head.push(end < 0 ? value : value.subarray(0, end));
    if (end >= 0) {
      return { line: Buffer.concat(head).toString(), rest: streamOf(pieces, value.subarray(end + 1)) };
    }
    size += value.length;
    if (size > mostHead) throw invalidArgument("the first line of the body is too long");
  }
}
