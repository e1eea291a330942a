import { posix } from "node:path";
import { TboxError } from "#support/errors.ts";
import { compileGlob } from "#support/glob.ts";
import { type ImageFile, type ImageFiles, openImageFiles } from "../export/image-files.ts";
import type { BuildScope } from "../frontend/build-scope.ts";
import { type FileStat, goMode, has } from "../protocol/files.ts";

/** Maximum size of an answer in bytes. An answer is one message. */
const mostBytes = 16 * 1024 * 1024 - 1024;

interface FileRequest {
  /** ID of the image. */
  ref: string;
  path: string;
}

/** Reads a file of a result, or a part of it. */
export async function readFile(
  scope: BuildScope,
  { ref, path, range = {} }: FileRequest & { range?: { offset?: number; length?: number } | undefined },
): Promise<{ data: Uint8Array }> {
  using files = await openImageFiles(scope, filesOf(ref));
  const file = find(files, path);
  if (file.offset === undefined) throw new TboxError("invalid-argument", `read ${path}: not a regular file`);
  const { offset = 0, length = 0 } = range;
  const whole = Buffer.concat([...files.read(file)]);
  const data = whole.subarray(offset, length > 0 ? offset + length : undefined);
  if (data.length > mostBytes)
    throw new TboxError("invalid-argument", `read ${path}: longer than ${mostBytes} bytes`);
  return { data };
}

/** Returns the status of a file of a result. */
export async function statFile(
  scope: BuildScope,
  { ref, path }: FileRequest,
): Promise<{ stat: Partial<FileStat> }> {
  using files = await openImageFiles(scope, filesOf(ref));
  if (clean(path) === "") return { stat: { path: Buffer.from("."), mode: goMode.directory + 0o755 } };
  return { stat: statOf(find(files, path)) };
}

/** Lists a directory of a result; the names match an optional pattern. */
export async function readDirectory(
  scope: BuildScope,
  { ref, path, includePattern }: FileRequest & { includePattern: string },
): Promise<{ entries: Partial<FileStat>[] }> {
  using files = await openImageFiles(scope, filesOf(ref));
  const directory = clean(path);
  if (directory !== "" && !has(find(files, path).stat.mode, goMode.directory)) {
    throw new TboxError("invalid-argument", `list ${path}: not a directory`);
  }
  const pattern = includePattern === "" ? undefined : compileGlob(includePattern);
  const inside = files.files.filter((file) => clean(posix.dirname(file.path)) === directory);
  const wanted = inside.filter((file) => pattern?.test(posix.basename(file.path)) ?? true);
  return { entries: wanted.map(statOf) };
}

function filesOf(image: string) {
  return [{ image, directory: "", added: [] }];
}

function find({ files }: ImageFiles, path: string): ImageFile {
  const wanted = clean(path);
  const file = files.find((one) => one.path === wanted);
  if (file) return file;
  throw new TboxError("not-found", `open ${path}: no such file or directory`);
}

function statOf({ path, stat }: ImageFile): Partial<FileStat> {
  return { ...stat, path: Buffer.from(posix.basename(path)) };
}

function clean(path: string): string {
  return posix.join("/", path).replace(/^\/|\/$/g, "");
}
