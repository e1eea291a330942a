import { mkdirSync } from "node:fs";
import { isArchive } from "#support/archive-head.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { BuildRequest } from "../builder.ts";
import { checkOut, findCommit } from "../git/checkout.ts";
import { isRepository, parseRepository } from "../git/repository.ts";
import type { BuilderServices } from "../services.ts";
import { checkDirectory } from "./open-context.ts";

/** As much as tells a tar from anything else. */
const headLength = 512;
/** Longest text of a Dockerfile. */
const mostText = 16 * 1024 * 1024;

interface Opening {
  services: BuilderServices;
  request: BuildRequest;
  /** Of what is to go with the build. */
  held: AsyncDisposableStack;
  scratch: string;
  signal: AbortSignal;
}

export interface OpenedSource {
  directory: string;
  /** Of the Dockerfile, where an address holds nothing else. */
  text?: string;
}

/** Brings the files of the context here, where they are not. */
export async function openSource(opening: Opening): Promise<OpenedSource> {
  const { context } = opening.request;
  switch (context.type) {
    case "directory":
      return { directory: checkDirectory(context.path) };
    case "none":
      return { directory: emptyDirectory(opening) };
    case "stream":
      return { directory: await unpack(opening, context.body) };
    case "remote": {
      const url = context.url.replace(/^(?=github\.com\/)/, "https://");
      if (isRepository(url) || url !== context.url) {
        return { directory: await checkOutContext(opening, url) };
      }
      return fetchContext(opening, url);
    }
  }
}

function emptyDirectory({ scratch }: Opening): string {
  const path = `${scratch}/context`;
  mkdirSync(path, { recursive: true });
  return path;
}

async function unpack({ services, held }: Opening, body: ReadableStream<Uint8Array>): Promise<string> {
  const workspace = held.use(services.containers.builds.openWorkspace([]));
  await workspace.extract(body);
  return `${services.store}/${workspace.upper}`;
}

async function checkOutContext({ request, scratch, signal }: Opening, url: string): Promise<string> {
  const repository = parseRepository(url);
  const found = await findCommit(repository, { request, signal, home: `${scratch}/git-home` });
  const kept = request.arguments.BUILDKIT_CONTEXT_KEEP_GIT_DIR;
  const keepGitDirectory = repository.keepGitDirectory ?? (kept !== undefined && /^(1|t|true)$/i.test(kept));
  return checkOut(repository, found, { target: `${scratch}/context`, keepGitDirectory });
}

/** A tar, compressed or not, or the text of a Dockerfile alone. */
async function fetchContext(opening: Opening, url: string): Promise<OpenedSource> {
  if (!/^https?:\/\//.test(url)) {
    throw invalidArgument(`the build context ${url}: it is no address of http, https or git`);
  }
  const response = await fetch(url, { signal: opening.signal }).catch((cause) => {
    throw new TboxError("unavailable", `the build context ${url}`, { cause });
  });
  if (!response.ok || response.body === null) {
    throw new TboxError("unavailable", `the build context ${url}: the server answered ${response.status}`);
  }
  const { head, body } = await cutHead(response.body);
  if (isArchive(head)) return { directory: await unpack(opening, body) };
  const text = await limitedText(body, url);
  return { directory: emptyDirectory(opening), text };
}

/** The first bytes of a stream, and all of it. */
async function cutHead(
  stream: ReadableStream<Uint8Array>,
): Promise<{ head: Buffer; body: ReadableStream<Uint8Array> }> {
  const [first, body] = stream.tee();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of first) {
    pieces.push(piece);
    size += piece.length;
    if (size >= headLength) break;
  }
  return { head: Buffer.concat(pieces), body };
}

async function limitedText(body: ReadableStream<Uint8Array>, url: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    pieces.push(piece);
    size += piece.length;
    if (size > mostText) throw invalidArgument(`${url} is neither a tar nor a Dockerfile`);
  }
  return Buffer.concat(pieces).toString();
}
