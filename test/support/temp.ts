import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";

export interface TemporaryDirectory extends Disposable {
  path: string;
}

/** Creates a temporary directory; disposing of it also removes files of subordinate ids. */
export function temporaryDirectory(name: string): TemporaryDirectory {
  // The path of a socket is limited to 107 bytes, so the name is short.
  const path = mkdtempSync(`${tmpdir()}/tbox-${name}-`);
  return { path, [Symbol.dispose]: () => removeTree(path) };
}

/** Removes a tree, including overlay work directories (mode 000) and files of subordinate ids. */
export function removeTree(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    const remove = ["rm", "-rf", "--one-file-system", path];
    const { exitCode, stderr } = Bun.spawnSync(
      process.getuid?.() === 0 ? remove : ["unshare", "--map-root-user", "--map-auto", ...remove],
    );
    if (exitCode !== 0) throw new Error(`remove ${path}: ${stderr}`);
  }
}
