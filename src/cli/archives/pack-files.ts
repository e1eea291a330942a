import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";

/** A file of an archive. Its directories are created with it. */
export interface PackedFile {
  path: string;
  mode: number;
  content: string;
}

/** Packs a few small files into a tar archive. They belong to root. */
export function packFiles(files: readonly PackedFile[]): Promise<Buffer> {
  const archive = pack();
  const directories = new Set(files.flatMap(({ path }) => parentsOf(path)));
  for (const name of directories) archive.entry({ name, type: "directory", mode: 0o755 });
  for (const { path, mode, content } of files) archive.entry({ name: path, mode }, content);
  archive.finalize();
  return buffer(archive);
}

/** Returns the directories above a path, outermost first. */
function parentsOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}
