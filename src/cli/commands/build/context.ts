import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, relative, resolve } from "node:path";
import type { TboxBuildRequest } from "#api/requests/build.ts";
import { isArchive } from "#support/archive-head.ts";
import { streamOf } from "#support/streams.ts";
import { standardInput } from "../../archives/archive-body.ts";
import { ExitError } from "../../output/exit.ts";
import { failureMessage } from "../../output/failure.ts";

/** The build context and the Dockerfile of a request. */
export interface FoundContext extends Pick<TboxBuildRequest, "context" | "dockerfile" | "dockerfileText"> {
  /** Tar archive that follows the request. */
  archive?: ReadableStream<Uint8Array>;
}

/** Finds the context that the argument of `build` names, and the Dockerfile that `--file` names. */
export async function findContext(file: string | undefined, source: string): Promise<FoundContext> {
  if (source === "-") return fromInput(file);
  if (isRemote(source)) {
    return { context: { type: "remote", url: source }, dockerfile: file ?? "Dockerfile" };
  }
  const path = directoryOf(source);
  const context = { type: "directory" as const, path };
  if (file === undefined) return { context, dockerfile: "Dockerfile" };
  if (file === "-") {
    return {
      context,
      dockerfile: "Dockerfile",
      dockerfileText: await new Response(standardInput("give the text of a Dockerfile")).text(),
    };
  }
  const full = resolve(file);
  if (statSync(full, { throwIfNoEntry: false })?.isDirectory()) {
    throw new ExitError(`unable to read the Dockerfile: ${file} is a directory`, 1);
  }
  const inside = relative(path, realDirectory(full));
  if (!inside.startsWith("..")) return { context, dockerfile: inside };
  return { context, dockerfile: basename(full), dockerfileText: await readText(full) };
}

/** Reads standard input: a tar archive, possibly compressed, or the text of a Dockerfile. */
async function fromInput(file: string | undefined): Promise<FoundContext> {
  const { isTerminal } = await import("../../terminal/terminal.ts");
  if (isTerminal(0))
    throw new ExitError(
      "cannot build from standard input: it is a terminal, not a Dockerfile or a tar archive",
      1,
    );
  const pieces = standardInput("name it instead of -")[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < 512) {
    const { done, value } = await pieces.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  const rest = async function* () {
    yield new Uint8Array(head);
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
  };
  if (isArchive(head)) {
    const archive = streamOf(rest());
    return { context: { type: "stream" }, dockerfile: file ?? "Dockerfile", archive };
  }
  if (file !== undefined) {
    throw new ExitError("cannot use -f with standard input: it is not a tar archive", 1);
  }
  const text: Uint8Array[] = [];
  for await (const piece of rest()) text.push(piece);
  return {
    context: { type: "none" },
    dockerfile: "Dockerfile",
    dockerfileText: Buffer.concat(text).toString(),
  };
}

/** Returns whether a source is an HTTP or git address. An ambiguous source is a path if that path exists. */
function isRemote(source: string): boolean {
  if (/^(?:https?|git|ssh):\/\//.test(source)) return true;
  return /^(?:[\w.-]+@[\w.-]+:|github\.com\/)/.test(source) && !existsSync(source);
}

function directoryOf(source: string): string {
  try {
    const path = realpathSync(source);
    if (statSync(path).isDirectory()) return path;
  } catch (cause) {
    throw new ExitError(`unable to prepare context: path ${JSON.stringify(source)} not found`, 1, { cause });
  }
  throw new ExitError(`unable to prepare context: path ${JSON.stringify(source)} is not a directory`, 1);
}

/** Resolves symbolic links in the directory of a path, but not the last component. */
function realDirectory(path: string): string {
  try {
    return `${realpathSync(dirname(path))}/${basename(path)}`;
  } catch (cause) {
    throw new ExitError(failureMessage(cause), 1, { cause });
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await Bun.file(path).text();
  } catch (cause) {
    throw new ExitError(`unable to read the Dockerfile: ${failureMessage(cause)}`, 1, { cause });
  }
}
