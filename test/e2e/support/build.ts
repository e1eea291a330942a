import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { TestDaemon } from "#test/support/daemon.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";

/** Files of a build context, by name: a text, or a file with more attributes. */
export type ContextFiles = Record<
  string,
  string | Uint8Array | { text?: string; mode?: number; link?: string; directory?: true }
>;

/** Writes a context directory. */
export function writeContext(files: ContextFiles): TemporaryDirectory {
  const directory = temporaryDirectory("context");
  for (const [name, file] of Object.entries(files)) {
    const path = `${directory.path}/${name}`;
    mkdirSync(dirname(path), { recursive: true });
    if (typeof file === "string" || file instanceof Uint8Array) writeFileSync(path, file);
    else if (file.link !== undefined) symlinkSync(file.link, path);
    else if (file.directory) mkdirSync(path, { recursive: true });
    else writeFileSync(path, file.text ?? "");
    if (typeof file === "object" && "mode" in file && file.mode !== undefined) chmodSync(path, file.mode);
  }
  return directory;
}

export interface Built {
  code: number;
  /** ID of the image. */
  stdout: string;
  stderr: string;
}

/** Builds a Dockerfile with the given files in its context. */
export async function build(
  daemon: TestDaemon,
  dockerfile: string,
  files: ContextFiles = {},
  ...options: string[]
): Promise<Built> {
  using context = writeContext({ Dockerfile: dockerfile, ...files });
  const { code, stdout, stderr } = await daemon.tbox(["build", "-q", ...options, context.path]);
  return { code, stdout: stdout.trim(), stderr };
}

/** Builds an image and returns the output of a script in it; throws when the build fails. */
export async function builtOutput(
  daemon: TestDaemon,
  script: string,
  dockerfile: string,
  files: ContextFiles = {},
  ...options: string[]
): Promise<string> {
  const { code, stdout: image, stderr } = await build(daemon, dockerfile, files, ...options);
  if (code !== 0) throw new Error(stderr);
  const run = await daemon.tbox(["run", "--rm", "--network", "none", image, "sh", "-c", script]);
  return run.stdout + run.stderr;
}
