import { mkdirSync } from "node:fs";
import { isArchive } from "#support/archive-head.ts";
import { parseBoolean } from "#support/boolean.ts";
import { explained, invalidArgument } from "#support/errors.ts";
import { openDownload } from "#support/http/open-download.ts";
import { reachOfNamed } from "#support/http/reach.ts";
import { streamOf } from "#support/streams.ts";
import type { BuildMaterial, BuildRequest, ContextSource } from "../builder.ts";
import { checkOut, findCommit } from "../git/checkout.ts";
import { reachOfRemote } from "../git/reach.ts";
import { isRepository, parseRepository } from "../git/repository.ts";
import type { BuilderServices } from "../services.ts";
import { checkDirectory } from "./open-context.ts";
import { reachOf } from "./reach.ts";

/** Bytes needed to recognize a tar. */
const headLength = 512;
/** Size limit of a downloaded context in bytes. */
const mostBytes = 64 * 1024 ** 3;
/** Size limit of a Dockerfile in bytes. */
const mostText = 16 * 1024 * 1024;

export interface SourceOptions {
  services: BuilderServices;
  request: BuildRequest;
  /** Resources released at the end of the build. */
  held: AsyncDisposableStack;
  scratch: string;
  signal: AbortSignal;
  /** Receives the sources from outside. */
  materials: BuildMaterial[];
}

export interface OpenedSource {
  directory: string;
  /** Whether the files belong to the build alone. */
  owned: boolean;
  /** Text of the Dockerfile, when the address contains nothing else. */
  text?: string;
  /** Text of `.dockerignore`, when it is not in the directory. */
  ignore?: string;
}

/** Makes the files of the context available in a directory: unpacks, clones or downloads them. */
export async function openSource(options: SourceOptions, context: ContextSource): Promise<OpenedSource> {
  switch (context.type) {
    case "prepared":
      return { directory: context.directory, owned: true, ignore: context.ignore };
    case "directory":
      return { directory: checkDirectory(context.path), owned: false };
    case "none":
      return { directory: emptyDirectory(options), owned: true };
    case "stream":
      return { directory: await unpack(options, context.body), owned: true };
    case "remote": {
      const url = context.url.replace(/^(?=github\.com\/)/, "https://");
      if (isRepository(url) || url !== context.url) {
        return { directory: await checkOutContext(options, url), owned: true };
      }
      return fetchContext(options, url);
    }
  }
}

function emptyDirectory({ scratch }: SourceOptions): string {
  const path = `${scratch}/context`;
  mkdirSync(path, { recursive: true });
  return path;
}

async function unpack({ services, held }: SourceOptions, body: ReadableStream<Uint8Array>): Promise<string> {
  const workspace = held.use(services.containers.builds.openWorkspace([]));
  await workspace.extract(body);
  return `${services.store}/${workspace.upper}`;
}

async function checkOutContext(
  { request, scratch, signal, materials }: SourceOptions,
  url: string,
): Promise<string> {
  const repository = parseRepository(url);
  const reach = reachOf(request) === "any" ? "any" : reachOfRemote(repository.remote);
  const found = await findCommit(repository, { request, reach, signal, home: `${scratch}/git-home` });
  materials.push({ type: "git", url, commit: found.commit });
  const kept = request.arguments.BUILDKIT_CONTEXT_KEEP_GIT_DIR;
  const keepGitDirectory = repository.keepGitDirectory ?? parseBoolean(kept ?? "") ?? false;
  return checkOut(repository, found, { target: `${scratch}/context`, keepGitDirectory });
}

/** Downloads a context: a tar, compressed or not, or a single Dockerfile. */
async function fetchContext(options: SourceOptions, url: string): Promise<OpenedSource> {
  if (!/^https?:\/\//.test(url)) {
    throw invalidArgument(`the build context ${url}: not an http, https or git address`);
  }
  return explained(`the build context ${url}`, async () => {
    const { signal, request } = options;
    const reach = reachOf(request) === "any" ? "any" : reachOfNamed(url);
    const { body } = await openDownload(url, { reach, signal, limit: mostBytes });
    const chunks = body[Symbol.asyncIterator]();
    const head = await readHead(chunks);
    if (isArchive(head)) {
      return { directory: await unpack(options, streamOf(chunks, head)), owned: true };
    }
    const text = await limitedText(streamOf(chunks, head), url);
    return { directory: emptyDirectory(options), owned: true, text };
  });
}

/** Reads the start of a stream: enough bytes to identify an archive, or all bytes of a shorter stream. */
async function readHead(chunks: AsyncIterator<Uint8Array>): Promise<Buffer> {
  const read: Uint8Array[] = [];
  for (let size = 0; size < headLength; ) {
    const { done, value } = await chunks.next();
    if (done) break;
    read.push(value);
    size += value.length;
  }
  return Buffer.concat(read);
}

async function limitedText(body: ReadableStream<Uint8Array>, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > mostText) throw invalidArgument(`${url} is neither a tar nor a Dockerfile`);
  }
  return Buffer.concat(chunks).toString();
}
