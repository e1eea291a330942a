import { mkdirSync, rmSync } from "node:fs";
import type { ContextSource } from "#builds/builder.ts";
import { parseIgnoreFile } from "#support/ignore-patterns.ts";
import { openDirectorySink } from "../sessions/directory-sink.ts";
import { readFiles } from "../sessions/read-files.ts";
import { receiveFiles } from "../sessions/receive-files.ts";
import type { BuildScope } from "./build-scope.ts";
import type { FrontendOptions } from "./options.ts";

/** Milliseconds between two reports about a transfer. */
const reportTime = 100;

/** A directory of the client. */
export interface LocalDirectory {
  /** The client's name for the directory. */
  name: string;
  options: FrontendOptions;
}

/** Returns the session that serves a directory. Several builds can share the session of a directory. */
function sessionFor(scope: BuildScope, { name, options }: LocalDirectory) {
  return scope.sessions.get(options.get(`local-sessionid:${name}`) ?? scope.session, scope.signal);
}

/** Reads text files of a client's directory. */
export async function readLocalFiles(
  scope: BuildScope,
  directory: LocalDirectory,
  paths: string[],
): Promise<(path: string) => string | undefined> {
  const session = await sessionFor(scope, directory);
  return readFiles(session, { name: directory.name, paths }, scope.signal);
}

/**
 * Copies a client's directory, without the files that the patterns of `ignore` exclude, into a directory that stays until
 * the end of the build. Without `ignore`, the directory's own `.dockerignore` counts. Only changed files are transferred.
 */
export async function takeLocalFiles(
  scope: BuildScope,
  local: LocalDirectory,
  { ignore: given, title }: { ignore?: string | undefined; title: string },
): Promise<Extract<ContextSource, { type: "prepared" }>> {
  const { vertices, signal, held } = scope;
  const ignore =
    given ??
    (await vertices.during("[internal] load .dockerignore", async () => {
      const read = await readLocalFiles(scope, local, [".dockerignore"]);
      return read(".dockerignore") ?? "";
    }));
  return vertices.during(title, async (vertex) => {
    const session = await sessionFor(scope, local);
    const place = held.use(scope.services.builder.takeDirectory(`${session.sharedKey} ${local.name}`));
    const [directory, partial] = [`${place.directory}/files`, `${place.directory}/partial`];
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { mode: 0o700 });
    let bytes = 0;
    let reported = 0;
    const onBytes = (count: number) => {
      bytes += count;
      if (performance.now() - reported < reportTime) return;
      reported = performance.now();
      vertex.part("transferring context:", { current: bytes });
    };
    using sink = openDirectorySink({ directory, partial, onBytes });
    const selection = { name: local.name, excludePatterns: parseIgnoreFile(ignore) };
    const known = place.list;
    place.list = undefined;
    const list = await receiveFiles(session, selection, { sink, known, signal });
    if (sink.isComplete()) place.list = list;
    vertex.part("transferring context:", { current: bytes, done: true });
    for (const path of sink.skipped) vertex.log(2, `${path}: not a file, a directory or a link; left out\n`);
    return { type: "prepared", directory, ignore };
  });
}
